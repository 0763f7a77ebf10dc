// Rows that may be nearest to any centre, or to any of some classes: float32 distances to all of those, and float64 for those near the
// least. By warps where they are few, else by blocks.
#pragma once
#include "settle.cuh"

constexpr int MostScanned = 4096;       // centres, by a block: AssignPlan.MostScannedClusters
constexpr int MostScannedByWarp = 256;

// The centres of some classes, numbered.
struct Scanned {
    const unsigned char* classes;
    int each;       // classes
    int count;      // centres, with some behind the last where the last class is not full
    int last;

    METHOD int number(int i) const { return i / each * Classes + classes[i % each]; }
    METHOD bool exists(int i) const { return i < count && number(i) <= last; }
    METHOD int center(int i) const { return least(number(i), last); }   // repeats the last
};

DEVICE int scanned_centers(const AssignArgs& a, uint64 classes) {
    return (a.centers.count + Classes - 1) / Classes * __builtin_popcountll(classes);
}

// By the lanes of a warp. Any centre may be read when they have met at a barrier.
DEVICE Scanned list_classes(const AssignArgs& a, unsigned char* to, uint64 classes) {
#pragma unroll
    for (int c = lane_id(); c < Classes; c += 32) {
        if (classes >> c & 1) {
            to[__builtin_popcountll(classes & ((1ull << c) - 1))] = (unsigned char)c;
        }
    }
    return {to, __builtin_popcountll(classes), scanned_centers(a, classes), a.centers.count - 1};
}

// The classes of an open row's candidates; all where they are not known.
DEVICE uint64 open_classes(const AssignArgs& a, int entry, bool scans) {
    bool known = scans && a.undecided.candidate_counts[entry] == 0;
    return known ? *(const uint64*)(a.undecided.candidates + (int64)entry * MostCandidates) : AllClasses;
}

DEVICE bool is_of_warps(const AssignArgs& a, uint64 classes) { return a.rows.dimension >= 16 && scanned_centers(a, classes) <= MostScannedByWarp; }

// `Together`: how many centres four lanes measure at once, which wants registers. `listed`: shared memory of the warp.
template <int Together>
DEVICE void scan_by_warp(const AssignArgs& a, int place, uint64 classes, unsigned char (&listed)[Classes]) {
    Scanned scanned = list_classes(a, listed, classes);
    warp_barrier();
    int dimension = a.rows.dimension, label = 0;
    const float* rows[Together];
#pragma unroll
    for (int i = 0; i < Together; i++) {
        rows[i] = row_values(a.rows, place);
    }
    float nearest = infinity(), second = NoDistance;
    for (int first = 0; first < scanned.count; first += 8 * Together) {
        int own_first = first + (lane_id() >> 2) * Together, k[Together];
        const float* centers[Together];
#pragma unroll
        for (int i = 0; i < Together; i++) {
            k[i] = scanned.center(own_first + i);
            centers[i] = a.centers.values + (int64)k[i] * dimension;
        }
        float own[Together];
        direct_distances(own, rows, centers, dimension);
#pragma unroll
        for (int i = 0; i < Together; i++) {
            if (scanned.exists(own_first + i)) {
                bool nearer = own[i] < nearest;
                second = smaller(nearer ? nearest : own[i], second);
                label = nearer ? k[i] : label;
                nearest = nearer ? own[i] : nearest;
            }
        }
    }
#pragma unroll
    for (int mask = 4; mask <= 16; mask *= 2) {
        float other = shuffle_xor(nearest, mask);
        int other_label = shuffle_xor(label, mask);
        second = smaller(smaller(second, shuffle_xor(second, mask)), larger(nearest, other));
        label = other < nearest ? other_label : label;
        nearest = smaller(nearest, other);
    }
    if (is_certainly_less(nearest, second, dimension / 16)) {
        if (lane_id() == 0) {
            write_nearest(a, place, label, nearest);
        }
    } else {
        settle_exactly(a, place, [&](int c) { return scanned.center(c); }, scanned.count);
    }
    warp_barrier();         // the next row's classes come into the same memory
}

template <int Together>
DEVICE void scan_by_block(const AssignArgs& a, int place, uint64 classes) {
    SHARED unsigned char listed[Classes];
    SHARED float distances[MostScanned];
    SHARED float least_of_warps[Warps];
    SHARED int candidates[MostCandidates];
    SHARED int found;
    int dimension = a.rows.dimension, count = a.centers.count;
    const float* rows[Together];
#pragma unroll
    for (int i = 0; i < Together; i++) {
        rows[i] = row_values(a.rows, place);
    }
    float nearest = infinity();
    if (thread_id() == 0) {
        found = 0;
    }
    Scanned scanned = list_classes(a, listed, classes);     // each warp writes the same
    block_barrier();
    for (int first = warp_id() * 8 * Together; first < scanned.count; first += Warps * 8 * Together) {
        int own_first = first + (lane_id() >> 2) * Together;
        const float* centers[Together];
#pragma unroll
        for (int i = 0; i < Together; i++) {
            centers[i] = a.centers.values + (int64)scanned.center(own_first + i) * dimension;
        }
        float own[Together];
        direct_distances(own, rows, centers, dimension);
#pragma unroll
        for (int i = 0; i < Together; i++) {
            nearest = scanned.exists(own_first + i) ? smaller(nearest, own[i]) : nearest;
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
        if (scanned.exists(i) && !is_certainly_less(nearest, distances[i], dimension / 16)) {
            int slot = atomic_add(&found, 1);
            if (slot < MostCandidates) {
                candidates[slot] = scanned.center(i);
            }
        }
    }
    block_barrier();
    int n = found;
    if (n == 1 && nearest <= LargestPlainDistance) {
        if (thread_id() == 0) {
            write_nearest(a, place, candidates[0], nearest);
        }
        block_barrier();        // the next row comes into the same memory
    } else if (all_are_candidates(n)) {
        settle_by_block(a, place, [](int c) { return c; }, count);
    } else {
        settle_by_block(a, place, [&](int c) { return candidates[c]; }, n);
    }
}

// Open rows: those that have no more centres than a warp takes, by warps, of so many this one; what they come upon besides, by the
// block. `scans`: whether no candidates were looked for.
template <int Together>
DEVICE void settle_open(const AssignArgs& a, int open, bool scans, int warp, int warps) {
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
            uint64 classes = open_classes(a, i, scans);
            if (is_of_warps(a, classes)) {
                scan_by_warp<Together>(a, a.undecided.places[i], classes, listed[warp_id()]);
            } else if (lane_id() == 0) {
                left[atomic_add(&found, 1)] = i;
            }
        }
        block_barrier();
        int n = found;
        for (int j = 0; j < n; j++) {
            int place = a.undecided.places[left[j]];
            uint64 classes = open_classes(a, left[j], scans);
            if (a.rows.dimension >= 16 && scanned_centers(a, classes) <= MostScanned) {
                scan_by_block<Together>(a, place, classes);
            } else {
                settle_by_block(a, place, [](int c) { return c; }, a.centers.count);
            }
        }
        block_barrier();
    }
}

// All rows of the list. Those that are open and those whose candidates are known begin with different warps.
template <int Together>
DEVICE void settle_list(const AssignArgs& a, bool scans) {
    int open = a.undecided.count[0], known = a.undecided.count[1];
    int warps = grid_blocks() * Warps, warp = (int)(global_thread() >> 5);
    settle_open<Together>(a, open, scans, warp, warps);
    settle_all(a, open, open + known, warps - 1 - warp, warps);
}
