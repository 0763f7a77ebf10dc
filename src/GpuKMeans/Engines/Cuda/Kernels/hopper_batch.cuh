// The fast pass on Hopper for a small batch of rows of 65 to 128 values. Each multiprocessor has 64 rows, which three groups of four
// warps share: they take tiles of centres in turn, and two of them then bring together what all have found, each for half of the rows.
//
// Blocks that send tiles to one another in pairs were no faster, and rows that were settled in the block, slower than by a kernel of
// their own: what an undecided row waits for is the same, and there are as many waits as the block with the most of them has.
#pragma once
#include "hopper_short.cuh"

constexpr int BatchGroups = 3;
constexpr int BatchWarps = BatchGroups * 4;
constexpr int BatchRows = 64;
constexpr uint BatchStageBytes = ShortStageBytes<ShortSteps>;

// What a thread has kept of a row, by words, each for 128 threads: by whom it is read, and of which of the two others it is.
constexpr int RowWords = Sets * 3 + Places;
using PassedRows = int[2][BatchGroups - 1][RowWords][128];

// By all lanes of a warp the same.
DEVICE int batch_group() { return shuffle(warp_id() / 4, 0); }

DEVICE void pass_row(int (&passed)[RowWords][128], const RowBest<Places>& row) {
    int thread = thread_id() % 128;
#pragma unroll
    for (int s = 0; s < Sets; s++) {
        passed[s * 3][thread] = row.sets[s].best;
        passed[s * 3 + 1][thread] = row.sets[s].second;
        passed[s * 3 + 2][thread] = row.sets[s].tile;
    }
#pragma unroll
    for (int p = 0; p < Places; p++) {
        passed[Sets * 3 + p][thread] = row.places[p];
    }
}

DEVICE void take_row(const int (&passed)[RowWords][128], RowBest<Places>& row) {
    int thread = thread_id() % 128;
#pragma unroll
    for (int s = 0; s < Sets; s++) {
        BestKeys& own = row.sets[s];
        int other = passed[s * 3][thread];
        own.tile = other > own.best ? passed[s * 3 + 2][thread] : own.tile;
        own.second = larger(own.second, passed[s * 3 + 1][thread]);
        own.keep(other);
    }
#pragma unroll
    for (int p = 0; p < Places; p++) {
        row.places[p] = larger(row.places[p], passed[Sets * 3 + p][thread]);
    }
}

// Labels one of the thread's two rows, with what the others have found for it, and measures its distance.
template <int Row>
DEVICE void finish_row(const AssignArgs& a, const RowBest<Places>& own, const PassedRows& passed, const ShortRows<ShortSteps>& rows, int place) {
    RowBest<Places> best[1] = {own};
#pragma unroll
    for (int i = 0; i < BatchGroups - 1; i++) {
        take_row(passed[Row][i], best[0]);
    }
    int margins[1] = {rows.margins[Row]}, labels[1];
    label_rows<Places, TileCenters>(a, best, margins, rows.ratio, place, labels);
    if (a.distances) {
        const float* row = row_values(a.rows, least(place, a.rows.count - 1));
        float distance = direct_distance(row, a.centers.values + (int64)labels[0] * a.rows.dimension, a.rows.dimension);
        if ((lane_id() & 3) == 0 && place < a.rows.count) {
            a.distances[place] = distance;
        }
    }
}

// By one thread.
DEVICE void send_batch_tiles(const AssignArgs& a, uint values_at, uint full, uint empty) {
    const char* centers = (const char*)a.centers.tiles_of_halves;
    Turn turn;
    for (int t = 0; t < a.centers.tiles; t++) {
        barrier_wait(empty + turn.at * 8, turn.parity ^ 1);
        barrier_expect(full + turn.at * 8, BatchStageBytes);
        copy_bulk(values_at + turn.at * BatchStageBytes, centers, BatchStageBytes, full + turn.at * 8);
        centers += BatchStageBytes;
        turn.next(a.stages);
    }
}

// The best among the centres of the tiles that are the group's.
DEVICE void multiply_batch(
    const AssignArgs& a, const ShortRows<ShortSteps>& rows, RowBest<Places> (&best)[2], int group, uint values_at, uint full, uint empty) {
    uint extra[4] = {rows.extra, rows.extra, 0, 0};
    uint factor = key_factor();
    int limits[2] = {NoKey, NoKey};
    Turn turn;
    for (int t = 0; t < a.centers.tiles; t++) {
        // All groups see each tile come before another takes its place: a barrier tells only one round from the next.
        barrier_wait(full + turn.at * 8, turn.parity);
        auto leave = [&] {
            warp_barrier();
            if (t + a.stages < a.centers.tiles && lane_id() == 0) {
                barrier_arrive(empty + turn.at * 8);
            }
        };
        if (t % BatchGroups == group) {
            uint stage = matrix_of_blocks(values_at + turn.at * BatchStageBytes, TileCenters * 16);
            float sums[TileCenters / 2];
            multiply_tile(sums, rows, extra, stage);
            leave();
            keep_best<TileCenters, true>(best, limits, sums, rows.margins, factor, t);
        } else {
            leave();
        }
        turn.next(a.stages);
    }
}

DEVICE void assign_batch(const AssignArgs& a) {
    SHARED PassedRows passed;
    DYNAMIC_SHARED(shared, 128);
    uint values_at = shared_address(shared);
    ShortState& ring = *(ShortState*)(shared + a.stages * BatchStageBytes);
    uint full = shared_address(ring.full), empty = shared_address(ring.empty);
    begin_ring<BatchWarps>(a, full, empty);
    kernel_begins();
    int group = batch_group();
    if (group == BatchGroups) {
        give_registers<24>();
        if (thread_id() == BatchWarps * 32) {
            send_batch_tiles(a, values_at, full, empty);
        }
        return;
    }
    take_registers<160>();
    int place = block_id() * BatchRows + warp_id() % 4 * 16 + (lane_id() >> 2);
    ShortRows<ShortSteps> rows = read_rows<ShortSteps>(a, place);
    RowBest<Places> best[2];
    multiply_batch(a, rows, best, group, values_at, full, empty);
    if (group != 0) {
        pass_row(passed[0][group - 1], best[0]);
    }
    if (group != 1) {
        pass_row(passed[1][group / 2], best[1]);
    }
    some_barrier<BatchWarps * 32>();
    if (group == 0) {
        finish_row<0>(a, best[0], passed, rows, place);
    } else if (group == 1) {
        finish_row<1>(a, best[1], passed, rows, place + 8);
    }
}
