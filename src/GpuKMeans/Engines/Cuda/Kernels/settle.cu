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

// A warp a row.
GLOBAL BOUNDS(256, 1) void settle_rows(AssignArgs a) {
    if (global_thread() < 2) {
        a.undecided.count_next[global_thread()] = 0;
    }
    int open = a.undecided.count[0], count = open + a.undecided.count[1];
    int warps = grid_blocks() * (256 / 32);
    int dimension = a.rows.dimension;
    for (int i = (int)(global_thread() >> 5); i < count; i += warps) {
        int entry = i < open ? i : a.rows.count - 1 - (i - open);
        int place = a.undecided.places[entry];
        const float* row = row_values(a.rows, place);
        int candidates = a.undecided.candidate_counts[entry];
        double nearest = __builtin_inf();
        int label = a.centers.count - 1;
        bool all = candidates > MostCandidates || candidates == 0;
        int n = all ? a.centers.count : candidates;
        for (int first = 0; first < n; first += 4) {
            // Eight lanes a centre. Lanes that have none repeat the last.
            int c = least(first + (lane_id() >> 3), n - 1);
            int k = all ? c : a.undecided.candidates[(int64)entry * MostCandidates + c];
            keep_nearest(nearest, label, exact_distance(row, a.centers.values + (int64)k * dimension, dimension), k);
        }
#pragma unroll
        for (int mask = 8; mask <= 16; mask *= 2) {
            double other = shuffle_xor(nearest, mask);
            keep_nearest(nearest, label, other, shuffle_xor(label, mask));
        }
        float distance = a.distances ? direct_distance(row, a.centers.values + (int64)label * dimension, dimension) : 0;
        if (lane_id() == 0) {
            if (!(nearest <= LargestSquaredNorm)) {
                report_bad_row(a.rows, a.bad_row, place);
            }
            a.labels[place] = label;
            if (a.distances) {
                a.distances[place] = distance;
            }
        }
    }
}
