// The last word on the rows that the fast pass left undecided: direct differences in float64, the lowest-numbered
// centre at the least distance.
#include "assign.cuh"

// RowCheck.LargestSquaredNorm: a row farther than this from every centre holds no number, or is too large.
constexpr float LargestSquaredNorm = 0x1.fffffep123f;

DEVICE void keep_nearest(double& nearest, int& label, double distance, int center) {
    bool nearer = distance < nearest || (distance == nearest && center < label);
    nearest = nearer ? distance : nearest;
    label = nearer ? center : label;
}

// Writes what was found for a row; `first` of the lanes that share it.
DEVICE void settle(const AssignArgs& a, int place, const float* row, double nearest, int label, bool first) {
    float distance = a.distances ? direct_distance(row, a.centers.values + (int64)label * a.rows.dimension, a.rows.dimension) : 0;
    if (first) {
        if (!(nearest <= LargestSquaredNorm)) {
            report_bad_row(a.rows, a.bad_row, place);
        }
        a.labels[place] = label;
        if (a.distances) {
            a.distances[place] = distance;
        }
    }
}

// Rows whose candidates had to be found: there may be many, and they may be all centres. A warp a row, eight lanes a centre.
DEVICE void settle_open(const AssignArgs& a, int entry) {
    int dimension = a.rows.dimension;
    int place = a.undecided.places[entry];
    const float* row = row_values(a.rows, place);
    int candidates = a.undecided.candidate_counts[entry];
    double nearest = __builtin_inf();
    int label = a.centers.count - 1;
    bool all = candidates > MostCandidates || candidates == 0;
    int n = all ? a.centers.count : candidates;
    for (int first = 0; first < n; first += 4) {
        // Lanes that have no centre repeat the last.
        int c = least(first + (lane_id() >> 3), n - 1);
        int k = all ? c : a.undecided.candidates[(int64)entry * MostCandidates + c];
        keep_nearest(nearest, label, exact_distance(row, a.centers.values + (int64)k * dimension, dimension), k);
    }
#pragma unroll
    for (int mask = 8; mask <= 16; mask *= 2) {
        double other = shuffle_xor(nearest, mask);
        keep_nearest(nearest, label, other, shuffle_xor(label, mask));
    }
    settle(a, place, row, nearest, label, lane_id() == 0);
}

// Four rows whose candidates were known, two or a few more: eight lanes a row. Lanes that have no row repeat the last.
DEVICE void settle_known(const AssignArgs& a, int first, int count) {
    int dimension = a.rows.dimension, own = first + (lane_id() >> 3);
    int entry = a.rows.count - 1 - least(own, count - 1);
    const int* candidates = a.undecided.candidates + (int64)entry * MostCandidates;
    int place = a.undecided.places[entry], n = a.undecided.candidate_counts[entry];
    const float* row = row_values(a.rows, place);
    double nearest = __builtin_inf();
    int label = a.centers.count - 1;
    for (int c = 0; any_lane(c < n); c += 2) {
        int k0 = candidates[least(c, n - 1)], k1 = candidates[least(c + 1, n - 1)];
        double d0 = exact_distance(row, a.centers.values + (int64)k0 * dimension, dimension);
        double d1 = exact_distance(row, a.centers.values + (int64)k1 * dimension, dimension);
        keep_nearest(nearest, label, d0, k0);
        keep_nearest(nearest, label, d1, k1);
    }
    settle(a, place, row, nearest, label, (lane_id() & 7) == 0 && own < count);
}

GLOBAL BOUNDS(256, 4) void settle_rows(AssignArgs a) {
    if (global_thread() < 2) {
        a.undecided.count_next[global_thread()] = 0;
    }
    int open = a.undecided.count[0], known = a.undecided.count[1];
    int warps = grid_blocks() * (256 / 32), warp = (int)(global_thread() >> 5);
    for (int i = warp; i < open; i += warps) {
        settle_open(a, i);
    }
    for (int i = (warps - 1 - warp) * 4; i < known; i += warps * 4) {
        settle_known(a, i, known);
    }
}
