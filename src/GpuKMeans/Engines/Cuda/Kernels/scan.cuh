// Rows that may be nearest to any centre, or to any of some classes: float32 distances to all of those, and float64 for those near the
// least. By warps where they are few, else by blocks.
#pragma once
#include "settle.cuh"

constexpr int MostScanned = 4096;       // centres, by a block: AssignPlan.MostScannedClusters
constexpr int MostScannedByWarp = 256;

DEVICE int scanned_centers(int centers, uint64 classes) { return (centers + Classes - 1) / Classes * __builtin_popcountll(classes); }

// The centres of some classes, by the lanes of a warp. Any centre may be read when they have met at a barrier.
DEVICE Choice list_classes(unsigned char* to, uint64 classes, int centers) {
#pragma unroll
    for (int c = lane_id(); c < Classes; c += 32) {
        if (classes >> c & 1) {
            to[__builtin_popcountll(classes & ((1ull << c) - 1))] = (unsigned char)c;
        }
    }
    int each = __builtin_popcountll(classes);
    return {nullptr, to, each, (1u << 19) / (uint)each + 1, scanned_centers(centers, classes), centers - 1};
}

// The classes of an open row's candidates; all where there were too many to keep.
DEVICE uint64 open_classes(const AssignArgs& a, int entry) {
    return a.undecided.candidate_counts[entry] == 0 ? *(const uint64*)(a.undecided.candidates + (int64)entry * MostCandidates) : AllClasses;
}

DEVICE bool is_of_warps(const AssignArgs& a, uint64 classes) {
    return a.rows.dimension >= 16 && scanned_centers(a.centers.count, classes) <= MostScannedByWarp;
}

// So many lanes measure two centres at once. `listed`: shared memory of the warp.
template <int Lanes>
DEVICE void scan_by_warp(const Unsettled& u, uint64 classes, unsigned char (&listed)[Classes]) {
    Choice scanned = list_classes(listed, classes, u.count);
    warp_barrier();
    int label = 0;
    float nearest = infinity(), second = NoDistance;
    for (int first = lane_id() / Lanes * 2; any_lane(first < scanned.count); first += 32 / Lanes * 2) {
        int k[2];
        const float* centers[2];
#pragma unroll
        for (int i = 0; i < 2; i++) {
            k[i] = scanned.number(first + i);
            centers[i] = u.center(least(k[i], scanned.last));
        }
        float own[2];
        near_distances<Lanes>(own, u.row, centers, u.dimension);
#pragma unroll
        for (int i = 0; i < 2; i++) {
            if (scanned.has(first + i, k[i])) {
                bool nearer = own[i] < nearest;
                second = smaller(nearer ? nearest : own[i], second);
                label = nearer ? k[i] : label;
                nearest = nearer ? own[i] : nearest;
            }
        }
    }
#pragma unroll
    for (int mask = Lanes; mask <= 16; mask *= 2) {
        float other = shuffle_xor(nearest, mask);
        int other_label = shuffle_xor(label, mask);
        second = smaller(smaller(second, shuffle_xor(second, mask)), larger(nearest, other));
        label = other < nearest ? other_label : label;
        nearest = smaller(nearest, other);
    }
    if (is_certainly_less(nearest, second, u.dimension / (Lanes * 4))) {
        u.write(label, lane_id() == 0);
    } else {
        settle_exactly(u, scanned);
    }
    warp_barrier();         // the next row's classes come into the same memory
}

// `Together`: how many centres four lanes measure at once, which wants registers.
template <int Together>
CALLED void scan_by_block(Unsettled u, uint64 classes) {
    SHARED unsigned char listed[Classes];
    SHARED float distances[MostScanned];
    SHARED float least_of_warps[Warps];
    SHARED int candidates[MostCandidates];
    SHARED int found;
    const float* rows[Together];
#pragma unroll
    for (int i = 0; i < Together; i++) {
        rows[i] = u.row;
    }
    float nearest = infinity();
    if (thread_id() == 0) {
        found = 0;
    }
    Choice scanned = list_classes(listed, classes, u.count);        // each warp writes the same
    block_barrier();
    for (int first = warp_id() * 8 * Together; first < scanned.count; first += Warps * 8 * Together) {
        int own_first = first + (lane_id() >> 2) * Together;
        const float* centers[Together];
#pragma unroll
        for (int i = 0; i < Together; i++) {
            centers[i] = u.center(scanned.center(own_first + i));
        }
        float own[Together];
        direct_distances(own, rows, centers, u.dimension);
#pragma unroll
        for (int i = 0; i < Together; i++) {
            nearest = scanned.has(own_first + i, scanned.number(own_first + i)) ? smaller(nearest, own[i]) : nearest;
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
        if (scanned.has(i, scanned.number(i)) && !is_certainly_less(nearest, distances[i], u.dimension / 16)) {
            int slot = atomic_add(&found, 1);
            if (slot < MostCandidates) {
                candidates[slot] = scanned.center(i);
            }
        }
    }
    block_barrier();
    int n = found;
    if (n == 1 && nearest <= LargestPlainDistance) {
        if (warp_id() == 0) {
            u.write(candidates[0], lane_id() == 0);
        }
        block_barrier();        // the next row comes into the same memory
    } else {
        settle_by_block(u, all_are_candidates(n) ? all_centers(u.count) : listed_centers(candidates, n));
    }
}

// Open rows: those that have no more centres than a warp takes, by warps, of so many this one; what they come upon besides, by the
// block.
template <int Together>
DEVICE void settle_open(const AssignArgs& a, int open, int warp, int warps) {
    constexpr int Rounds = 32;      // rows that a warp looks at before the block takes what is left to it
    SHARED unsigned char listed[Warps][Classes];
    SHARED int left[Warps * Rounds];
    SHARED int found;
    for (int first = warp; first - warp_id() < open; first += Rounds * warps) {
        if (thread_id() == 0) {
            found = 0;
        }
        block_barrier();
        for (int i = first; i < least(open, first + Rounds * warps); i += warps) {
            if (!all_are_candidates(a.undecided.candidate_counts[i])) {
                continue;
            }
            uint64 classes = open_classes(a, i);
            if (is_of_warps(a, classes)) {
                Unsettled u(a, a.undecided.places[i]);
                if (u.dimension <= 64) {
                    scan_by_warp<4>(u, classes, listed[warp_id()]);
                } else {
                    scan_by_warp<8>(u, classes, listed[warp_id()]);
                }
            } else if (lane_id() == 0) {
                left[atomic_add(&found, 1)] = i;
            }
        }
        block_barrier();
        int n = found;
        for (int j = 0; j < n; j++) {
            Unsettled u(a, a.undecided.places[left[j]]);
            uint64 classes = open_classes(a, left[j]);
            if (u.dimension >= 16 && scanned_centers(u.count, classes) <= MostScanned) {
                scan_by_block<Together>(u, classes);
            } else {
                settle_by_block(u, all_centers(u.count));
            }
        }
        block_barrier();
    }
}

// All rows of the list. Those that are open and those whose candidates are known begin with different warps.
template <int Together>
DEVICE void settle_list(const AssignArgs& a) {
    int open = a.undecided.count[0], known = a.undecided.count[1];
    int warps = grid_blocks() * Warps, warp = (int)(global_thread() >> 5);
    settle_open<Together>(a, open, warp, warps);
    settle_all(a, open, open + known, warps - 1 - warp, warps);
}
