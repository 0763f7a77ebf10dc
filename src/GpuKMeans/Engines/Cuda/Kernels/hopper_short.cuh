// The fast pass on Hopper for rows of 65 to 128 values. Each group of four warps reads 64 rows, rounds them into registers in
// the order in which the tensor cores take them, and multiplies them by tiles of centres that pass by in a ring of shared
// memory, or stay there if they all find room. One more warp sends for the centres, and has the next rows brought to the
// second-level cache. While one group looks at its scores the others multiply.
//
// Looking at scores costs about as many cycles as it has instructions, whatever else runs: groups that take turns at the tensor
// cores, by a lock or by barriers, that begin at different centres, or that have their rows in shared memory were no faster, and
// neither were rows read before those of the last tile are measured. So instructions for a score are what counts.
#pragma once
#include <hopper.cuh>
#include "short_best.cuh"
#include "short_rows.cuh"

constexpr int TileCenters = 128;
constexpr int MostStages = 32;
constexpr int Places = 8;               // see RowBest

template <int Steps>
constexpr uint ShortStageBytes = TileCenters * (Steps + 1) * 16 * 2;    // one step more than there are values for

struct ShortState {
    uint64 full[MostStages];
    uint64 empty[MostStages];
};

// Makes the barriers of a ring, whose stages so many warps leave. All of the block come here.
template <int Warps>
DEVICE void begin_ring(const AssignArgs& a, uint full, uint empty) {
    if (thread_id() == 0) {
        for (int s = 0; s < a.stages; s++) {
            barrier_init(full + s * 8, 1);
            barrier_init(empty + s * 8, Warps);
        }
        barrier_init_fence();
    }
    block_barrier();
}

// Has the rows of a tile brought to the second-level cache.
template <int TileRows>
DEVICE void prefetch_tile(const Rows& rows, int tile) {
    for (int i = lane_id(); i < TileRows; i += 32) {
        int place = tile * TileRows + i;
        if (place < rows.count) {
            const float* row = row_values(rows, place);
            for (int d = 0; d < rows.dimension; d += 32) {
                prefetch(row + d);
            }
        }
    }
}

// The scores of a group's rows, as keys want them, by the centres of a stage.
template <int Steps>
DEVICE void multiply_tile(float (&scores)[TileCenters / 2], const ShortRows<Steps>& rows, const uint (&extra)[4], uint stage) {
    products_begin();
#pragma unroll
    for (int s = 0; s < Steps; s++) {
        multiply_add(scores, rows.values[s], stage + s * 2 * TileCenters, s);
    }
    multiply_add(scores, extra, stage + Steps * 2 * TileCenters, 1);
    products_commit();
    products_wait(scores);
}

// Labels the rows, and measures their distances while they are in the cache.
template <typename Row>
DEVICE void finish_rows(const AssignArgs& a, const Row (&best)[2], const int (&margins)[2], float ratio, int place) {
    int labels[2];
    label_rows<Places, TileCenters>(a, best, margins, ratio, place, labels);
    if (a.distances) {
        const float* x[2];
        const float* centers[2];
        float distances[2];
#pragma unroll
        for (int r = 0; r < 2; r++) {
            x[r] = row_values(a.rows, least(place + r * 8, a.rows.count - 1));
            centers[r] = a.centers.values + (int64)labels[r] * a.rows.dimension;
        }
        direct_distances(distances, x, centers, a.rows.dimension);
#pragma unroll
        for (int r = 0; r < 2; r++) {
            if ((lane_id() & 3) == 0 && place + r * 8 < a.rows.count) {
                a.distances[place + r * 8] = distances[r];
            }
        }
    }
}

constexpr int ShortGroups = 3;
constexpr int ShortSteps = 8;           // of 16 columns

DEVICE void assign_short(const AssignArgs& a) {
    constexpr uint StageBytes = ShortStageBytes<ShortSteps>;
    constexpr int TileRows = ShortGroups * 64;
    DYNAMIC_SHARED(shared, 128);
    int stages = a.stages, center_tiles = a.centers.tiles;
    bool all = center_tiles <= stages;
    uint values_at = shared_address(shared);
    ShortState& state = *(ShortState*)(shared + stages * StageBytes);
    uint full = shared_address(state.full), empty = shared_address(state.empty);
    begin_ring<ShortGroups * 4>(a, full, empty);

    int tiles = (a.rows.count + TileRows - 1) / TileRows;
    Turn turn;
    if (warp_id() / 4 == ShortGroups) {
        give_registers<24>();
        if (warp_id() != ShortGroups * 4) {
            return;
        }
        for (int tile = block_id(); tile < tiles; tile += grid_blocks()) {
            for (int t = 0; t < center_tiles && (!all || tile == block_id()); t++) {
                if (lane_id() == 0) {
                    uint barrier = full + turn.at * 8;
                    if (!all) {
                        barrier_wait(empty + turn.at * 8, turn.parity ^ 1);
                    }
                    barrier_expect(barrier, StageBytes);
                    copy_bulk(values_at + turn.at * StageBytes, (const char*)a.centers.tiles_of_halves + (int64)t * StageBytes, StageBytes, barrier);
                }
                warp_barrier();
                turn.next(stages);
            }
            if (!all && tile + grid_blocks() < tiles) {
                prefetch_tile<TileRows>(a.rows, tile + grid_blocks());
            }
        }
        return;
    }
    take_registers<160>();
    int own_row = warp_id() * 16 + (lane_id() >> 2);
    uint factor = key_factor();
    for (int tile = block_id(); tile < tiles; tile += grid_blocks()) {
        int place = tile * TileRows + own_row;
        ShortRows<ShortSteps> rows = read_rows<ShortSteps>(a, place);
        uint extra[4] = {rows.extra, rows.extra, 0, 0};
        RowBest<Places> best[2];
        int limits[2] = {NoKey, NoKey};
        for (int t = 0; t < center_tiles; t++) {
            barrier_wait(full + turn.at * 8, turn.parity);
            uint stage = matrix_of_blocks(values_at + turn.at * StageBytes, TileCenters * 16);
            float sums[TileCenters / 2];
            multiply_tile(sums, rows, extra, stage);
            if (!all) {
                warp_barrier();     // all lanes have read what they need of the tile before, which this frees as well
                if (lane_id() == 0) {
                    barrier_arrive(empty + turn.at * 8);
                }
            }
            keep_best<TileCenters, true>(best, limits, sums, rows.margins, factor, t);
            // What came first never leaves where all find room.
            turn.next(all ? center_tiles : stages);
            turn.parity = all ? 0 : turn.parity;
        }
        finish_rows(a, best, rows.margins, rows.ratio, place);
    }
}
