// Places of a batch in the order of their labels, equal labels in the order of the places: a radix sort by digits of
// up to ten bits, stable and without atomics, so that sums over clusters run in one fixed order.
#include "device.cuh"

constexpr int Threads = 256;
constexpr int Warps = Threads / 32;
constexpr int Rounds = 4;
constexpr int TileItems = Threads * Rounds;     // each warp takes 128 neighbours, 32 at a time
constexpr int MostDigits = 1024;

struct SortArgs {
    const int* keys;
    const int* places;      // null on the first pass: the places are 0, 1, 2, …
    int* sorted_keys;
    int* sorted_places;
    int* counts;            // digits × tiles: how many of a digit a tile holds; then how many tiles before it hold
    int* totals;            // how many of a digit there are
    int count;
    int tiles;
    int shift;
    int digits;
};

DEVICE uint match_any(uint active, uint value) {
    uint mask;
    asm volatile("match.any.sync.b32 %0, %1, %2;" : "=r"(mask) : "r"(value), "r"(active));
    return mask;
}

DEVICE uint ballot(bool v) { return __nvvm_vote_ballot_sync(0xFFFFFFFFu, v); }

// Ranks the warp's items among those of their digit; `counts` ends as how many of each the warp has.
DEVICE void rank_items(const SortArgs& a, int (&counts)[MostDigits], int (&digit)[Rounds], int (&rank)[Rounds]) {
    uint before = (1u << lane_id()) - 1;
#pragma unroll
    for (int r = 0; r < Rounds; r++) {
        int i = block_id() * TileItems + warp_id() * 32 * Rounds + r * 32 + lane_id();
        bool valid = i < a.count;
        digit[r] = valid ? (a.keys[i] >> a.shift) & (a.digits - 1) : -1;
        uint active = ballot(valid);
        if (valid) {
            uint same = match_any(active, (uint)digit[r]);
            int base = counts[digit[r]];
            rank[r] = base + __builtin_popcount(same & before);
            __nvvm_bar_warp_sync(active);
            if ((same & before) == 0) {
                counts[digit[r]] = base + __builtin_popcount(same);
            }
        }
        warp_barrier();
    }
}

DEVICE void clear(int (&counts)[Warps][MostDigits], int digits) {
    for (int d = thread_id(); d < digits; d += Threads) {
#pragma unroll
        for (int w = 0; w < Warps; w++) {
            counts[w][d] = 0;
        }
    }
    block_barrier();
}

GLOBAL BOUNDS(Threads, 1) void sort_count(SortArgs a) {
    SHARED int counts[Warps][MostDigits];
    clear(counts, a.digits);
    int digit[Rounds], rank[Rounds];
    rank_items(a, counts[warp_id()], digit, rank);
    block_barrier();
    for (int d = thread_id(); d < a.digits; d += Threads) {
        int sum = 0;
#pragma unroll
        for (int w = 0; w < Warps; w++) {
            sum += counts[w][d];
        }
        a.counts[d * a.tiles + block_id()] = sum;
    }
}

// Sums over the tiles. A warp a digit.
GLOBAL BOUNDS(Threads, 1) void sort_sum(SortArgs a) {
    int d = (int)(global_thread() >> 5);
    if (d >= a.digits) {
        return;
    }
    int* counts = a.counts + d * a.tiles;
    int sum = 0;
    for (int first = 0; first < a.tiles; first += 32) {
        int t = first + lane_id();
        int own = t < a.tiles ? counts[t] : 0;
        int inclusive = own;
#pragma unroll
        for (int by = 1; by < 32; by *= 2) {
            int below = shuffle_up(inclusive, by);
            inclusive += lane_id() >= by ? below : 0;
        }
        if (t < a.tiles) {
            counts[t] = sum + inclusive - own;
        }
        sum += lanes_sum(own);
    }
    if (lane_id() == 0) {
        a.totals[d] = sum;
    }
}

GLOBAL BOUNDS(Threads, 1) void sort_place(SortArgs a) {
    SHARED int counts[Warps][MostDigits];
    SHARED int scratch[33];
    clear(counts, a.digits);
    int digit[Rounds], rank[Rounds];
    rank_items(a, counts[warp_id()], digit, rank);
    block_barrier();

    // Each thread has up to four neighbouring digits; counts become where each warp's items of a digit begin.
    int own[MostDigits / Threads], sum = 0;
#pragma unroll
    for (int i = 0; i < MostDigits / Threads; i++) {
        int d = thread_id() * (MostDigits / Threads) + i;
        own[i] = d < a.digits ? a.totals[d] : 0;
        sum += own[i];
    }
    int all;
    int start = block_prefix(sum, scratch, all);
#pragma unroll
    for (int i = 0; i < MostDigits / Threads; i++) {
        int d = thread_id() * (MostDigits / Threads) + i;
        if (d < a.digits) {
            int at = start + a.counts[d * a.tiles + block_id()];
#pragma unroll
            for (int w = 0; w < Warps; w++) {
                int n = counts[w][d];
                counts[w][d] = at;
                at += n;
            }
        }
        start += own[i];
    }
    block_barrier();
#pragma unroll
    for (int r = 0; r < Rounds; r++) {
        int i = block_id() * TileItems + warp_id() * 32 * Rounds + r * 32 + lane_id();
        if (i < a.count) {
            int to = counts[warp_id()][digit[r]] + rank[r];
            a.sorted_keys[to] = a.keys[i];
            a.sorted_places[to] = a.places ? a.places[i] : i;
        }
    }
}

struct OffsetsArgs {
    const int* sorted_keys;
    int* offsets;           // centers + 1: where each cluster begins
    int count;
    int centers;
};

GLOBAL BOUNDS(256, 1) void find_offsets(OffsetsArgs a) {
    int i = (int)global_thread();
    if (i > a.count) {
        return;
    }
    int before = i == 0 ? -1 : a.sorted_keys[i - 1];
    int here = i == a.count ? a.centers : a.sorted_keys[i];
    for (int k = before + 1; k <= here; k++) {
        a.offsets[k] = i;
    }
}

struct SegmentsArgs {
    const int* offsets;
    int* segments;          // centers + 1: the first segment of each cluster
    int centers;
    int rows;               // of a segment
};

// Cuts clusters into segments of so many rows. One block.
GLOBAL BOUNDS(1024, 1) void find_segments(SegmentsArgs a) {
    SHARED int scratch[33];
    int start = 0;
    for (int first = 0; first < a.centers; first += 1024) {
        int k = first + thread_id();
        int own = k < a.centers ? (a.offsets[k + 1] - a.offsets[k] + a.rows - 1) / a.rows : 0;
        int all;
        int before = block_prefix(own, scratch, all);
        if (k < a.centers) {
            a.segments[k] = start + before;
        }
        start += all;
    }
    if (thread_id() == 0) {
        a.segments[a.centers] = start;
    }
}
