// The fast pass on Hopper for rows of more than 128 values. Blocks work in pairs: each has 128 rows of its own, and both want
// the same tiles of 256 centres at the same time, so each sends for half of a tile and the copies go to both.
//
// In a block two groups of four warps multiply 64 rows each by the 256 centres, 64 columns at a time, and keep the best scores.
// One warp sends for rows and centres into a ring of stages. The others round the rows of the next tile meanwhile, into one
// of two buffers in global memory that the block has for itself, and measure the distances of rows of two tiles before.
//
// Products of 64 by 256 want more registers than 512 threads leave each, so no more than three warps round; how long they wait
// for rows is what is left to gain. Rows that came to them through a ring of shared memory, by asynchronous copies of each lane,
// were slower than rows read into registers one stage ahead.
#pragma once
#include <hopper.cuh>
#include "long_rows.cuh"
#include "short_best.cuh"

constexpr int LongTileCenters = 256;
constexpr int LongStages = 4;
constexpr int HalfSquareSlots = 3;      // half squared lengths of a tile's centres are read after its stages are left
constexpr int Places = 1;               // see RowBest: there are no registers for more
constexpr uint RowStageBytes = LongTileRows * LongChunk * 2;
constexpr uint CenterStageBytes = LongTileCenters * LongChunk * 2;
constexpr uint LongSquareBytes = LongTileCenters * 4;

constexpr int MultiplyingWarps = 8;
constexpr int RoundingWarps = 3;
constexpr int LongThreads = (MultiplyingWarps + RoundingWarps + 1) * 32;
constexpr int TileGroups = LongTileRows / EightRows;
constexpr int LineBytes = 128;
constexpr int LinesOfWarp = RowStageBytes / LineBytes / MultiplyingWarps;

// Rounded rows that have been copied for the last time are discarded where all blocks' find no room in the second-level cache, unless
// they come back often: that is where it is faster, by measurement.
constexpr int MostDiscardingTiles = 4;
constexpr int LeastDiscardingChunks = 9;

// Shared memory behind the stages.
struct LongState {
    uint64 full[LongStages];
    uint64 empty[LongStages];       // of both blocks of the pair
    uint64 rounded[2];              // of each buffer of rows
    uint64 labelled[2];
    uint64 compared[HalfSquareSlots + 1];   // of each slot: its half squared lengths have been read; and one that aligns them
    float half_squares[HalfSquareSlots][LongTileCenters];
    float origin[4];                // as many as there are columns: its negative, in units of the rows' scale
};

// What all of a block know.
struct LongBlock {
    uint rows_at;
    uint centers_at;
    LongState& state;
    uint full, empty, rounded, labelled, compared, half_squares;
    half_bits* buffers;             // two of a tile of rounded rows
    int buffer_values;
    int first_tile;                 // of rows: then every so many more
    int tile_step;
    int tiles;                      // that the block takes: as many as the other of its pair
    int chunks;
    int center_tiles;
    bool discards;

    // Through columns there and back: what was read last is what is most likely still in the second-level cache.
    METHOD int chunk_of(int center_tile, int step) const { return center_tile % 2 == 0 ? step : chunks - 1 - step; }

    METHOD int first_place(int tile) const { return (first_tile + tile * tile_step) * LongTileRows; }
};

DEVICE LongBlock long_block(const AssignArgs& a, unsigned char* shared) {
    LongState& state = *(LongState*)(shared + LongStages * (RowStageBytes + CenterStageBytes));
    int pairs = grid_blocks() / 2, pair = block_id() / 2;
    int tiles = (a.rows.count + LongTileRows - 1) / LongTileRows, tiles_of_pair = (tiles + 1) / 2;
    int values = LongTileRows * a.centers.tiled_columns;
    int chunks = a.centers.tiled_columns / LongChunk, center_tiles = (a.centers.count + LongTileCenters - 1) / LongTileCenters;
    return LongBlock{
        .rows_at = shared_address(shared),
        .centers_at = shared_address(shared) + LongStages * RowStageBytes,
        .state = state,
        .full = shared_address(state.full),
        .empty = shared_address(state.empty),
        .rounded = shared_address(state.rounded),
        .labelled = shared_address(state.labelled),
        .compared = shared_address(state.compared),
        .half_squares = shared_address(state.half_squares),
        .buffers = a.halves + (int64)block_id() * 2 * values,
        .buffer_values = values,
        .first_tile = pair * 2 + block_id() % 2,
        .tile_step = pairs * 2,
        .tiles = pair < tiles_of_pair ? (tiles_of_pair - pair - 1) / pairs + 1 : 0,
        .chunks = chunks,
        .center_tiles = center_tiles,
        .discards = center_tiles <= MostDiscardingTiles && chunks >= LeastDiscardingChunks,
    };
}

// By one thread.
DEVICE void send_tiles(const AssignArgs& a, const LongBlock& b) {
    constexpr uint Half = CenterStageBytes / 2;
    uint half = block_id() % 2 * Half;
    Turn turn, slot;
    for (int tile = 0; tile < b.tiles; tile++) {
        const char* rows = (const char*)(b.buffers + (tile & 1) * b.buffer_values);
        barrier_wait(b.rounded + (tile & 1) * 8, tile >> 1 & 1);
        for (int t = 0; t < b.center_tiles; t++) {
            const char* centers = (const char*)a.centers.tiles_of_halves + (int64)t * b.chunks * CenterStageBytes + half;
            for (int c = 0; c < b.chunks; c++) {
                int chunk = b.chunk_of(t, c);
                uint full = b.full + turn.at * 8;
                barrier_wait(b.empty + turn.at * 8, turn.parity ^ 1);
                if (c == 0) {
                    barrier_wait(b.compared + slot.at * 8, slot.parity ^ 1);
                }
                barrier_expect(full, RowStageBytes + CenterStageBytes + (c == 0 ? LongSquareBytes : 0));
                copy_bulk_to_pair(b.centers_at + turn.at * CenterStageBytes + half, centers + chunk * CenterStageBytes, Half, full);
                copy_bulk(b.rows_at + turn.at * RowStageBytes, rows + chunk * RowStageBytes, RowStageBytes, full);
                if (c == 0) {
                    copy_bulk(b.half_squares + slot.at * LongSquareBytes, a.centers.half_squares + t * LongTileCenters, LongSquareBytes, full);
                    slot.next(HalfSquareSlots);
                }
                turn.next(LongStages);
            }
        }
    }
}

// The rows of a group of eight that a lane shares with three others.
DEVICE const float* lane_row(const AssignArgs& a, const LongBlock& b, int tile, int group) {
    // Places after the last repeat it; what comes of them is not kept.
    return row_values(a.rows, least(b.first_place(tile) + group * EightRows + (lane_id() >> 2), a.rows.count - 1));
}

DEVICE void measure_eight(const AssignArgs& a, const float* row, int place) {
    const float* center = a.centers.values + (int64)a.labels[least(place, a.rows.count - 1)] * a.rows.dimension;
    float distance = direct_distance(row, center, a.rows.dimension);
    if ((lane_id() & 3) == 0 && place < a.rows.count) {
        a.distances[place] = distance;
    }
}

// A warp takes every third group of eight rows, of whatever tile. It measures a group when it may reuse its buffer.
template <bool Vectors>
DEVICE void round_tiles(const AssignArgs& a, const LongBlock& b, float scale) {
    uint64 policy = read_once();
    int own = lane_id() >> 2, lane = lane_id() & 3, last = b.tiles + (a.distances ? 2 : 0);
    for (int n = warp_id() - MultiplyingWarps; n < last * TileGroups; n += RoundingWarps) {
        int tile = n / TileGroups, group = n % TileGroups, buffer = tile & 1;
        const float* measured = nullptr;
        if (tile >= 2) {
            barrier_wait(b.labelled + buffer * 8, (tile >> 1 & 1) ^ 1);
            if (a.distances && b.first_place(tile - 2) + group * EightRows < a.rows.count) {
                measured = lane_row(a, b, tile - 2, group);
                for (int d = lane * 32; d < a.rows.dimension; d += 128) {
                    prefetch(measured + d);
                }
            }
        }
        if (tile < b.tiles) {
            const float* row = lane_row(a, b, tile, group);
            const float* next = lane_row(a, b, (n + RoundingWarps) / TileGroups, (n + RoundingWarps) % TileGroups);
            half_bits* to = b.buffers + buffer * b.buffer_values + tiled_place(group * EightRows + own, lane * 4, LongTileRows);
            float2 length = round_eight<Vectors>(a, row, next, b.state.origin, to, scale, policy);
            int place = b.first_place(tile) + group * EightRows + own;
            if (lane == 0 && place < a.rows.count) {
                a.scales[place] = length;
            }
            bulk_copies_see_writes();
            warp_barrier();
            if (lane_id() == 0) {
                barrier_arrive(b.rounded + buffer * 8);
            }
        }
        if (measured) {
            measure_eight(a, measured, b.first_place(tile - 2) + group * EightRows + own);
        }
    }
}

// Makes scores, as keys want them, of one half of the products of a tile, and keeps the best.
template <int Half>
DEVICE void keep_half(RowBest<Places> (&best)[2], int (&limits)[2], const float (&sums)[LongTileCenters / 2], const float2* half_squares,
    const LongScale& scale, uint factor, int tile) {
    constexpr int Values = LongTileCenters / 4;
    float scores[Values];
#pragma unroll
    for (int n = 0; n < Values / 4; n++) {
        float2 h = half_squares[Half * Values + n * 4];
        float less0 = __builtin_fmaf(-scale.ratio, h.x, KeyOffset), less1 = __builtin_fmaf(-scale.ratio, h.y, KeyOffset);
#pragma unroll
        for (int r = 0; r < 2; r++) {
            const float* products = sums + Half * Values + n * 4 + r * 2;
            scores[n * 4 + r * 2] = __builtin_fmaf(products[0], scale.products, less0);
            scores[n * 4 + r * 2 + 1] = __builtin_fmaf(products[1], scale.products, less1);
        }
    }
    keep_best<LongTileCenters / 2, true>(best, limits, scores, scale.margins, factor, tile * 2 + Half);
}

DEVICE void multiply_tiles(const AssignArgs& a, const LongBlock& b) {
    int own = warp_id() * 16 + (lane_id() >> 2);
    uint rows_at = b.rows_at + warp_id() / 4 * 64 * 16;
    uint empty = address_in_block(b.empty, lane_id() & 1);
    uint factor = key_factor();
    Turn turn, slot;
    for (int tile = 0; tile < b.tiles; tile++) {
        barrier_wait(b.rounded + (tile & 1) * 8, tile >> 1 & 1);
        int place = b.first_place(tile) + own;
        float2 lengths[2] = {a.scales[least(place, a.rows.count - 1)], a.scales[least(place + 8, a.rows.count - 1)]};
        LongScale scale;
        RowBest<Places> best[2];
        int limits[2] = {NoKey, NoKey};
        for (int t = 0; t < b.center_tiles; t++) {
            float sums[LongTileCenters / 2];
            for (int c = 0; c < b.chunks; c++) {
                barrier_wait(b.full + turn.at * 8, turn.parity);
                if (b.discards && t == b.center_tiles - 1 && lane_id() < LinesOfWarp) {
                    discard((const char*)(b.buffers + (tile & 1) * b.buffer_values) + b.chunk_of(t, c) * RowStageBytes
                        + (warp_id() * LinesOfWarp + lane_id()) * LineBytes);
                }
                uint rows = matrix_of_blocks(rows_at + turn.at * RowStageBytes, LongTileRows * 16);
                uint centers = matrix_of_blocks(b.centers_at + turn.at * CenterStageBytes, LongTileCenters * 16);
                products_begin();
#pragma unroll
                for (int s = 0; s < LongChunk / 16; s++) {
                    multiply_add(sums, rows + s * 2 * LongTileRows, centers + s * 2 * LongTileCenters, c + s);
                }
                products_commit();
                products_wait();
                if (lane_id() < 2) {
                    barrier_arrive_in_cluster(empty + turn.at * 8);
                }
                turn.next(LongStages);
            }
            if (t == 0) {
                scale = long_scale(a, lengths, a.centers.tiled_columns);
            }
            const float2* half_squares = (const float2*)b.state.half_squares[slot.at] + (lane_id() & 3);
            // A thread's place among the centres has room for half a tile.
            keep_half<0>(best, limits, sums, half_squares, scale, factor, t);
            if (t * LongTileCenters + LongTileCenters / 2 < a.centers.count) {
                keep_half<1>(best, limits, sums, half_squares, scale, factor, t);
            }
            barrier_arrive(b.compared + slot.at * 8);
            slot.next(HalfSquareSlots);
        }
        int labels[2];
        label_rows<Places, LongTileCenters / 2>(a, best, scale.margins, scale.ratio, place, labels);
        warp_barrier();
        if (lane_id() == 0) {
            barrier_arrive(b.labelled + (tile & 1) * 8);
        }
    }
}

DEVICE void assign_long_rows(const AssignArgs& a) {
    DYNAMIC_SHARED(shared, 128);
    LongBlock b = long_block(a, shared);
    if (thread_id() == 0) {
        for (int s = 0; s < LongStages; s++) {
            barrier_init(b.full + s * 8, 1);
            barrier_init(b.empty + s * 8, 2 * MultiplyingWarps);
        }
        for (int i = 0; i < 2; i++) {
            barrier_init(b.rounded + i * 8, TileGroups);
            barrier_init(b.labelled + i * 8, MultiplyingWarps);
        }
        for (int i = 0; i < HalfSquareSlots; i++) {
            barrier_init(b.compared + i * 8, MultiplyingWarps * 32);
        }
        barrier_init_fence();
    }
    float scale = long_rows_scale(*a.centers.extremes);
    for (int d = thread_id(); d < a.centers.tiled_columns; d += LongThreads) {
        b.state.origin[d] = d < a.rows.dimension ? -a.centers.origin[d] * scale : 0;
    }
    cluster_barrier();
    if (warp_id() < MultiplyingWarps) {
        take_registers<208>();
        multiply_tiles(a, b);
        cluster_barrier();      // the other block may still arrive at this one's barriers
    } else {
        give_registers<88>();
        if (warp_id() == MultiplyingWarps + RoundingWarps) {
            if (lane_id() == 0) {
                send_tiles(a, b);
            }
        } else if (a.rows.dimension % 4 == 0) {
            round_tiles<true>(a, b, scale);
        } else {
            round_tiles<false>(a, b, scale);
        }
        cluster_barrier();
    }
}
