// Places of a batch in the order of their labels, equal labels in the order of the places: a radix sort by digits of
// up to ten bits, stable and without float atomics, so that sums over clusters run in one fixed order.
#include "clusters.cuh"
#include "totals.cuh"
#include "centers.cuh"

constexpr int Threads = 256;
constexpr int Warps = Threads / 32;
constexpr int Rounds = 4;
constexpr int TileItems = Threads * Rounds;     // each warp takes 128 neighbours, 32 at a time
constexpr int MostDigits = 1024;
constexpr int ThreadDigits = MostDigits / Threads;
constexpr int CountedTiles = 8;                 // that a thread has loads of under way together

struct SortArgs {
    TotalsBeside beside;    // for the blocks behind the tiles, where they are asked for
    Clusters clusters;      // of the last pass; its offsets are null where the digit is not the whole label
    const int* keys;
    const int* places;      // in the part; null on the first pass: they are 0, 1, 2, …
    int* sorted_keys;       // null where nothing reads them
    int* sorted_places;
    int* counts;            // of each part digits × tiles: how many of a digit a tile holds; then how many tiles before it hold
    int* totals;            // how many of a digit there are in each part
    Extremes* extremes;     // null, or those of the centres, which are about to move
    int count;              // of all parts
    int part_rows;
    int tiles;              // of a part
    int shift;
    int digits;
};

DEVICE SortArgs of_part(SortArgs a) {
    int part = own_part();
    int64 first = (int64)part * a.part_rows;
    a.keys += first;
    a.places += a.places ? first : 0;
    a.sorted_keys += a.sorted_keys ? first : 0;
    a.sorted_places += first;
    a.counts += (int64)part * a.digits * a.tiles;
    a.totals += part * a.digits;
    a.count = rows_of_part(a.count, part, a.part_rows);
    a.clusters.offsets += a.clusters.offsets ? (int64)part * (a.clusters.count + 1) : 0;
    a.clusters.extras += (int64)part * (a.clusters.count + 1);
    return a;
}

// Ranks the warp's items among those of their digit; `counts` ends as how many of each the warp has.
DEVICE void rank_items(const SortArgs& a, int (&counts)[MostDigits], int (&digit)[Rounds], int (&rank)[Rounds]) {
    uint before = (1u << lane_id()) - 1;
#pragma unroll
    for (int r = 0; r < Rounds; r++) {
        int i = block_id() * TileItems + warp_id() * 32 * Rounds + r * 32 + lane_id();
        digit[r] = i < a.count ? (a.keys[i] >> a.shift) & (a.digits - 1) : -1;
    }
#pragma unroll
    for (int r = 0; r < Rounds; r++) {
        bool valid = digit[r] >= 0;
        uint active = ballot(valid);
        if (valid) {
            uint same = lanes_with(active, (uint)digit[r]);
            int base = counts[digit[r]];
            rank[r] = base + __builtin_popcount(same & before);
            some_lanes_barrier(active);
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

// Centres that move are rounded by a scale that follows from what they were before: move_and_round.
DEVICE void begin_extremes(const SortArgs& a) {
    if (a.extremes && thread_id() == 0) {
        *a.extremes = Extremes{a.extremes->seen, 0, 0, 0, 0, 0, 0, 0, a.extremes->limit};
    }
}

// Says where clusters begin, and how many segments come before them, by how many there are of each digit. One block.
template <typename Total>
DEVICE void describe_clusters(const SortArgs& a, Total total) {
    SHARED int scratch[33];
    const Clusters& c = a.clusters;
    int own[ThreadDigits], rows = 0, extras = 0;
#pragma unroll
    for (int i = 0; i < ThreadDigits; i++) {
        int d = thread_id() * ThreadDigits + i;
        own[i] = d < a.digits ? total(d) : 0;
        rows += own[i];
        extras += segments_of(own[i]) - 1;
    }
    int all_rows, all_extras;
    int start = block_prefix(rows, scratch, all_rows);
    int before = block_prefix(extras, scratch, all_extras);
#pragma unroll
    for (int i = 0; i < ThreadDigits; i++) {
        int k = thread_id() * ThreadDigits + i;
        if (k < c.count) {
            c.offsets[k] = start;
            c.extras[k] = before;
        }
        start += own[i];
        before += segments_of(own[i]) - 1;
    }
    if (thread_id() == 0) {
        c.offsets[c.count] = all_rows;
        c.extras[c.count] = all_extras;
    }
}

// Writes the tile's items where they belong. `total` says how many of a digit there are, `before` how many of them are in
// the tiles before.
template <typename Total, typename Before>
DEVICE void place_items(const SortArgs& a, int (&counts)[Warps][MostDigits], Total total, Before before) {
    SHARED int scratch[33];
    int digit[Rounds], rank[Rounds];
    rank_items(a, counts[warp_id()], digit, rank);
    block_barrier();

    // Each thread has up to four neighbouring digits; counts become where each warp's items of a digit begin.
    int own[ThreadDigits], sum = 0;
#pragma unroll
    for (int i = 0; i < ThreadDigits; i++) {
        int d = thread_id() * ThreadDigits + i;
        own[i] = d < a.digits ? total(d) : 0;
        sum += own[i];
    }
    int all;
    int start = block_prefix(sum, scratch, all);
#pragma unroll
    for (int i = 0; i < ThreadDigits; i++) {
        int d = thread_id() * ThreadDigits + i;
        if (d < a.digits) {
            int at = start + before(d);
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
            if (a.sorted_keys) {
                a.sorted_keys[to] = a.keys[i];
            }
            a.sorted_places[to] = a.places ? a.places[i] : i;
        }
    }
}

// The whole sort of a batch of a few tiles: each block counts the digits of all of them for itself. The block behind the
// tiles says where clusters begin.
GLOBAL BOUNDS(Threads, 1) void sort_batch(SortArgs a) {
    kernel_begins();
    SHARED int counts[Warps][MostDigits];
    SHARED int earlier[MostDigits], later[MostDigits];
    if (block_id() > a.tiles) {
        total_beside(a.beside, block_id() - a.tiles - 1);
        return;
    }
    for (int d = thread_id(); d < a.digits; d += Threads) {
        earlier[d] = 0;
        later[d] = 0;
    }
    clear(counts, a.digits);
    for (int first = 0; first < a.tiles; first += CountedTiles) {
        int digits[CountedTiles][Rounds];
#pragma unroll
        for (int t = 0; t < CountedTiles; t++) {
#pragma unroll
            for (int r = 0; r < Rounds; r++) {
                int i = (first + t) * TileItems + r * Threads + thread_id();
                digits[t][r] = i < a.count ? a.keys[i] : -1;
            }
        }
#pragma unroll
        for (int t = 0; t < CountedTiles; t++) {
#pragma unroll
            for (int r = 0; r < Rounds; r++) {
                if (digits[t][r] >= 0) {
                    atomic_add((first + t < block_id() ? earlier : later) + digits[t][r], 1);
                }
            }
        }
    }
    if (block_id() == a.tiles) {
        block_barrier();
        begin_extremes(a);
        describe_clusters(a, [&](int d) { return earlier[d]; });
        return;
    }
    place_items(a, counts, [&](int d) { return earlier[d] + later[d]; }, [&](int d) { return earlier[d]; });
}

GLOBAL BOUNDS(Threads, 1) void sort_count(SortArgs a) {
    kernel_begins();
    a = of_part(a);
    SHARED int counts[Warps][MostDigits];
    if (block_id() >= a.tiles) {
        total_beside(a.beside, block_id() - a.tiles);
        return;
    }
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
    kernel_begins();
    a = of_part(a);
    int d = (int)(global_thread() >> 5);
    if (d >= a.digits) {
        return;
    }
    int* counts = a.counts + d * a.tiles;
    int sum = 0;
    for (int first = 0; first < a.tiles; first += 32) {
        int t = first + lane_id();
        int own = t < a.tiles ? counts[t] : 0;
        int inclusive = lanes_running_sum(own);
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
    kernel_begins();
    a = of_part(a);
    SHARED int counts[Warps][MostDigits];
    clear(counts, a.digits);
    place_items(
        a, counts, [&](int d) { return a.totals[d]; }, [&](int d) { return a.counts[d * a.tiles + block_id()]; });
    if (block_id() == 0) {
        begin_extremes(a);
        if (a.clusters.offsets) {
            describe_clusters(a, [&](int d) { return a.totals[d]; });
        }
    }
}

struct OffsetsArgs {
    const int* sorted_keys;
    int* offsets;           // centers + 1 for each part: where each cluster begins
    int count;              // of all parts
    int part_rows;
    int centers;
};

// Where clusters begin, after a sort by more than one digit.
GLOBAL BOUNDS(256, 1) void find_offsets(OffsetsArgs a) {
    kernel_begins();
    int i = (int)global_thread(), part = own_part(), count = rows_of_part(a.count, part, a.part_rows);
    if (i > count) {
        return;
    }
    const int* keys = a.sorted_keys + (int64)part * a.part_rows;
    int before = i == 0 ? -1 : keys[i - 1];
    int here = i == count ? a.centers : keys[i];
    for (int k = before + 1; k <= here; k++) {
        a.offsets[(int64)part * (a.centers + 1) + k] = i;
    }
}

struct ExtrasArgs {
    const int* offsets;
    int* extras;            // centers + 1 for each part
    int centers;
};

// How many segments come before each cluster, after a sort by more than one digit. A block a part.
GLOBAL BOUNDS(1024, 1) void find_extras(ExtrasArgs a) {
    kernel_begins();
    SHARED int scratch[33];
    a.offsets += (int64)own_part() * (a.centers + 1);
    a.extras += (int64)own_part() * (a.centers + 1);
    int start = 0;
    for (int first = 0; first < a.centers; first += 1024) {
        int k = first + thread_id();
        int own = k < a.centers ? segments_of(a.offsets[k + 1] - a.offsets[k]) - 1 : 0;
        int all;
        int before = block_prefix(own, scratch, all);
        if (k < a.centers) {
            a.extras[k] = start + before;
        }
        start += all;
    }
    if (thread_id() == 0) {
        a.extras[a.centers] = start;
    }
}
