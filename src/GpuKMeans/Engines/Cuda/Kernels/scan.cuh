// Rows that may be nearest to any centre, or to any of some sets, by a block: float32 distances to all of them, and float64 for
// those near the least.
#pragma once
#include "settle.cuh"

constexpr int MostScanned = 4096;       // centres: AssignPlan.MostScannedClusters

// The centres of the sets that may have candidates (set_bit of keys.cuh), numbered.
struct Scanned {
    int two[8];     // of each sixteen centres the first of a set's two
    int each;       // of each sixteen
    int count;

    METHOD int center(int i) const {
        int sixteen = i / each, at = i - sixteen * each;
        return sixteen * 16 + two[at >> 1] + (at & 1);
    }
};

// By one thread.
DEVICE void list_sets(Scanned& s, uint sets, int centers) {
    s.each = 0;
    for (uint left = sets; left; left &= left - 1) {
        s.two[s.each / 2] = __builtin_ctz(left) * 2;
        s.each += 2;
    }
    s.count = (centers + 15) / 16 * s.each;
}

// `Together`: how many centres four lanes measure at once, which wants registers.
template <int Together>
DEVICE void scan_row(const AssignArgs& a, int place, uint sets) {
    SHARED Scanned scanned;
    SHARED float distances[MostScanned];
    SHARED float least_of_warps[Warps];
    SHARED int candidates[MostCandidates];
    SHARED int found;
    int dimension = a.rows.dimension, count = a.centers.count;
    const float* row = row_values(a.rows, place);
    const float* rows[Together];
#pragma unroll
    for (int i = 0; i < Together; i++) {
        rows[i] = row;
    }
    float nearest = infinity();
    if (thread_id() == 0) {
        found = 0;
        list_sets(scanned, sets, count);
    }
    block_barrier();
    for (int first = warp_id() * 8 * Together; first < scanned.count; first += Warps * 8 * Together) {
        int own_first = first + (lane_id() >> 2) * Together;
        const float* centers[Together];
#pragma unroll
        for (int i = 0; i < Together; i++) {
            // Numbers without a centre repeat the last.
            centers[i] = a.centers.values + (int64)least(scanned.center(own_first + i), count - 1) * dimension;
        }
        float own[Together];
        direct_distances(own, rows, centers, dimension);
#pragma unroll
        for (int i = 0; i < Together; i++) {
            bool exists = own_first + i < scanned.count && scanned.center(own_first + i) < count;
            nearest = exists ? smaller(nearest, own[i]) : nearest;
            if ((lane_id() & 3) == i && own_first + i < scanned.count) {
                distances[own_first + i] = own[i];
            }
        }
    }
#pragma unroll
    for (int mask = 4; mask <= 16; mask *= 2) {
        nearest = smaller(nearest, shuffle_xor(nearest, mask));
    }
    if (lane_id() == 0) {
        least_of_warps[warp_id()] = nearest;
    }
    block_barrier();
#pragma unroll
    for (int w = 0; w < Warps; w++) {
        nearest = smaller(nearest, least_of_warps[w]);
    }
    for (int i = thread_id(); i < scanned.count; i += Threads) {
        int k = scanned.center(i);
        if (k < count && !is_certainly_less(nearest, distances[i], dimension)) {
            int slot = atomic_add(&found, 1);
            if (slot < MostCandidates) {
                candidates[slot] = k;
            }
        }
    }
    block_barrier();
    int n = found;
    if (n == 1 && nearest <= LargestPlainDistance) {
        if (thread_id() == 0) {
            a.labels[place] = candidates[0];
            if (a.distances) {
                a.distances[place] = nearest;
            }
        }
        block_barrier();        // the next row comes into the same memory
    } else {
        bool all = all_are_candidates(n);
        settle_by_block(a, place, all ? nullptr : candidates, all ? count : n);
    }
}
