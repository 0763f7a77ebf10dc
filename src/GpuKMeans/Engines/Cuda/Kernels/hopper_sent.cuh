// The fast pass on Hopper for rows of 33 to 64 values that lie one after another, and so few centres that all stay in shared memory. One
// warp sends for rows, 64 at a time for each group of four warps, a tile ahead of those that are looked at: reading them is the limit, and
// nobody waits for memory.
#pragma once
#include "hopper_short.cuh"

constexpr int SentGroups = 4;
constexpr int SentSteps = 4;
constexpr int SentRows = 64;            // of a group
constexpr int SentSlots = 2;
constexpr int SentWidth = 64;           // centres at a time
constexpr uint SentSlotBytes = SentRows * SentSteps * 16 * 4;

struct SentState {
    uint64 centers;
    uint64 full[SentGroups][SentSlots];
    uint64 empty[SentGroups][SentSlots];
};

// What all of a block know.
struct SentBlock {
    uint centers_at;
    unsigned char* rows;
    uint centers, full, empty;
    int tiles;          // of rows, in all

    METHOD uint barrier(uint of, int group, int slot) const { return of + (group * SentSlots + slot) * 8; }
    METHOD int rows_of(const AssignArgs& a, int tile, int group) const {
        return clamp(a.rows.count - (tile * SentGroups + group) * SentRows, 0, SentRows);
    }
};

// By one thread.
DEVICE void send_rows(const AssignArgs& a, const SentBlock& b) {
    uint row_bytes = (uint)a.rows.dimension * 4, rows_at = shared_address(b.rows);
    const char* from = (const char*)(a.rows.values + a.rows.start * a.rows.dimension);
    Turn turn;
    for (int tile = block_id(); tile < b.tiles; tile += grid_blocks()) {
        for (int g = 0; g < SentGroups; g++) {
            uint full = b.barrier(b.full, g, turn.at), bytes = (uint)b.rows_of(a, tile, g) * row_bytes;
            barrier_wait(b.barrier(b.empty, g, turn.at), turn.parity ^ 1);
            barrier_expect(full, bytes);
            if (bytes > 0) {
                copy_bulk(rows_at + (g * SentSlots + turn.at) * SentSlotBytes, from + (int64)(tile * SentGroups + g) * SentRows * row_bytes, bytes, full);
            }
        }
        if (tile == block_id()) {
            barrier_expect(b.centers, (uint)a.centers.tiles * ShortStageBytes<SentSteps>);
            for (int t = 0; t < a.centers.tiles; t++) {
                copy_bulk(b.centers_at + t * ShortStageBytes<SentSteps>, (const char*)a.centers.tiles_of_halves + (int64)t * ShortStageBytes<SentSteps>,
                    ShortStageBytes<SentSteps>, b.centers);
            }
        }
        turn.next(SentSlots);
    }
}

DEVICE void assign_sent(const AssignArgs& a) {
    constexpr int Parts = TileCenters / SentWidth;
    DYNAMIC_SHARED(shared, 128);
    SentState& state = *(SentState*)(shared + a.centers.tiles * ShortStageBytes<SentSteps> + SentGroups * SentSlots * SentSlotBytes);
    SentBlock b = {shared_address(shared), shared + a.centers.tiles * ShortStageBytes<SentSteps>, shared_address(&state.centers),
        shared_address(state.full), shared_address(state.empty), (a.rows.count + SentGroups * SentRows - 1) / (SentGroups * SentRows)};
    if (thread_id() == 0) {
        barrier_init(b.centers, 1);
        for (int i = 0; i < SentGroups * SentSlots; i++) {
            barrier_init(b.full + i * 8, 1);
            barrier_init(b.empty + i * 8, 4);
        }
        barrier_init_fence();
    }
    block_barrier();
    int group = shuffle(warp_id() / 4, 0);      // by all lanes of a warp the same
    if (group == SentGroups) {
        give_registers<24>();
        if (thread_id() == SentGroups * 128) {
            send_rows(a, b);
        }
        return;
    }
    take_registers<112>();
    int own = warp_id() % 4 * 16 + (lane_id() >> 2), dimension = a.rows.dimension;
    uint factor = key_factor();
    Turn turn;
    for (int tile = block_id(); tile < b.tiles; tile += grid_blocks()) {
        const float* values = (const float*)(b.rows + (group * SentSlots + turn.at) * SentSlotBytes);
        int last = larger(b.rows_of(a, tile, group) - 1, 0), place = (tile * SentGroups + group) * SentRows + own;
        // Rows after the last repeat it; what comes of them is not kept.
        const float* x[2] = {values + least(own, last) * dimension, values + least(own + 8, last) * dimension};
        auto leave = [&] {
            warp_barrier();
            if (lane_id() == 0) {
                barrier_arrive(b.barrier(b.empty, group, turn.at));
            }
        };
        barrier_wait(b.barrier(b.full, group, turn.at), turn.parity);
        ShortRows<SentSteps> rows = read_rows<SentSteps>(a, x);
        if (!a.distances) {
            leave();
        }
        if (tile == block_id()) {
            barrier_wait(b.centers, 0);
        }
        uint extra[4] = {rows.extra, rows.extra, 0, 0};
        RowBest<Places> best[2];
        int limits[2] = {NoKey, NoKey};
        for (int t = 0; t < a.centers.tiles; t++) {
            uint stage = matrix_of_blocks(b.centers_at + t * ShortStageBytes<SentSteps>, TileCenters * 16);
            float sums[Parts][SentWidth / 2];
            if (Parts == 1 || t * TileCenters + SentWidth >= a.centers.count) {
                multiply_tile(sums[0], rows, extra, stage, 0);
                keep_best<SentWidth, false>(best, limits, sums[0], rows.margins, factor, t * Parts);
            } else {
                // One half is looked at while the other is multiplied.
                begin_tile(sums[0], rows, extra, stage, 0);
                begin_tile(sums[1], rows, extra, stage, 1);
                products_wait<1>();
                keep_best<SentWidth, false>(best, limits, sums[0], rows.margins, factor, t * Parts);
                products_wait();
                keep_best<SentWidth, false>(best, limits, sums[1], rows.margins, factor, t * Parts + 1);
            }
        }
        finish_rows<SentWidth>(a, best, rows.margins, rows.ratio, x, place);
        if (a.distances) {
            leave();
        }
        turn.next(SentSlots);
    }
}
