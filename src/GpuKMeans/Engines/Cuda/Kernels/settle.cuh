// The last word on a row that the fast pass left undecided: the lowest-numbered centre at the least float64 distance. Float32
// distances decide where they are further apart than their own error; few rows are left for float64.
#pragma once
#include "assign.cuh"

// RowCheck.LargestSquaredNorm: a row farther than this from every centre holds no number, or is too large.
constexpr float LargestSquaredNorm = 0x1.fffffep123f;

// Distances that are not small beside this are decided in float64, where there is room for any float32.
constexpr float LargestPlainDistance = 0x1p100f;
constexpr float NoDistance = 0x1p126f;

// Whether one direct distance is certainly less than another. Each is off by at most (terms + 8)·2^-24 of itself: a difference,
// its square, and up to dimension / 16 + 1 terms (more than two only from 16 columns on) with a tree of four; and by what
// underflows, less than 2^-149 a term.
DEVICE bool is_certainly_less(float distance, float other, int dimension) {
    float share = (float)(dimension / 16 + 16) * 0x1p-24f;
    return distance <= LargestPlainDistance && other - distance > share * (other + distance) + 0x1p-120f;
}

DEVICE void keep_nearest(double& nearest, int& label, double distance, int center) {
    bool nearer = distance < nearest || (distance == nearest && center < label);
    nearest = nearer ? distance : nearest;
    label = nearer ? center : label;
}

// Writes what float64 has found for a row; `writes`: one of the lanes that share it.
DEVICE void settle(const AssignArgs& a, int place, const float* row, double nearest, int label, bool writes) {
    float distance = a.distances ? direct_distance(row, a.centers.values + (int64)label * a.rows.dimension, a.rows.dimension) : 0;
    if (writes) {
        if (!(nearest <= LargestSquaredNorm)) {
            report_bad_row(a.rows, a.bad_row, place);
        }
        a.labels[place] = label;
        if (a.distances) {
            a.distances[place] = distance;
        }
    }
}

// The nearest of a row's candidates, or of all centres where there is no list of them: of those that so many warps leave to this
// one. Eight lanes a centre; all lanes get the result.
DEVICE void nearest_of(const AssignArgs& a, const float* row, const int* candidates, int n, double& nearest, int& label, int warp, int warps) {
    int dimension = a.rows.dimension;
    for (int first = warp * 4; first < n; first += warps * 4) {
        // Lanes that have no centre repeat the last.
        int c = least(first + (lane_id() >> 3), n - 1);
        int k = candidates ? candidates[c] : c;
        keep_nearest(nearest, label, exact_distance(row, a.centers.values + (int64)k * dimension, dimension), k);
    }
#pragma unroll
    for (int mask = 8; mask <= 16; mask *= 2) {
        double other = shuffle_xor(nearest, mask);
        keep_nearest(nearest, label, other, shuffle_xor(label, mask));
    }
}

// Whether any centre may be the nearest: no candidates were looked for, or there were too many.
DEVICE bool all_are_candidates(int n) { return n == 0 || n > MostCandidates; }

// A row by a warp, in float64: among its candidates, or all centres.
DEVICE void settle_exactly(const AssignArgs& a, int entry, int place, int n) {
    const float* row = row_values(a.rows, place);
    bool all = all_are_candidates(n);
    double nearest = __builtin_inf();
    int label = a.centers.count - 1;
    nearest_of(a, row, all ? nullptr : a.undecided.candidates + (int64)entry * MostCandidates, all ? a.centers.count : n, nearest, label, 0, 1);
    settle(a, place, row, nearest, label, lane_id() == 0);
}

// Eight rows of the list by a warp, four lanes a row, but those for which all centres are candidates. The list has rows that were
// open first, and from its end those whose candidates were known.
DEVICE void settle_eight(const AssignArgs& a, int first, int open, int count) {
    int dimension = a.rows.dimension, own = first + (lane_id() >> 2);
    // Lanes that have no row repeat the last.
    int i = least(own, count - 1), entry = i < open ? i : a.rows.count - 1 - (i - open);
    int place = a.undecided.places[entry], n = a.undecided.candidate_counts[entry];
    bool exists = own < count && !all_are_candidates(n);
    const int* candidates = a.undecided.candidates + (int64)entry * MostCandidates;
    const float* row = row_values(a.rows, place);
    float nearest = infinity(), second = NoDistance;
    int label = 0;
    for (int c = 0; any_lane(exists && c < n); c += 2) {
        int k[2];
        const float* centers[2];
#pragma unroll
        for (int j = 0; j < 2; j++) {
            k[j] = exists ? candidates[least(c + j, n - 1)] : 0;
            centers[j] = a.centers.values + (int64)k[j] * dimension;
        }
        const float* const rows[2] = {row, row};
        float distances[2];
        direct_distances(distances, rows, centers, dimension);
#pragma unroll
        for (int j = 0; j < 2; j++) {
            if (c + j < n) {
                bool nearer = distances[j] < nearest;
                second = smaller(nearer ? nearest : distances[j], second);
                label = nearer ? k[j] : label;
                nearest = nearer ? distances[j] : nearest;
            }
        }
    }
    bool certain = is_certainly_less(nearest, second, dimension);
    bool leads = (lane_id() & 3) == 0 && exists;
    if (leads && certain) {
        a.labels[place] = label;
        if (a.distances) {
            a.distances[place] = nearest;
        }
    }
    for (uint left = ballot(leads && !certain); left; left &= left - 1) {
        int lane = __builtin_ctz(left);
        settle_exactly(a, shuffle(entry, lane), shuffle(place, lane), shuffle(n, lane));
    }
}

constexpr int Threads = 256;
constexpr int Warps = Threads / 32;

// The counters of the next part: nothing reads them any more.
DEVICE void clear_next(const AssignArgs& a) {
    if (global_thread() < 2) {
        a.undecided.count_next[global_thread()] = 0;
    }
}
