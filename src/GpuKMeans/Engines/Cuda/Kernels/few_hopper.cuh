// Few centres on Hopper: four warps multiply their 64 rows together, so that the centres are read from shared memory a quarter as
// often. A warp of another group sends for the centres, so that no group waits for another.
#pragma once
#include "few.cuh"
#include <hopper.cuh>

constexpr int FewMostStages = 32;

struct FewState {
    uint64 full[FewMostStages];
    uint64 empty[FewMostStages];
};

// With `Finer` rows are rounded to two halves, the second what the first lost. And as what sums on the tensor cores may be off by grows
// with all that is added up there, they get no more than 64 columns at a time, and float32 adds those up. Fewer rows stay undecided, and
// are read again, which with long rows is worth more than the warps there are no registers for.
template <int Width, int Groups, int Registers, bool Finer, bool Vectors>
DEVICE void assign_few_rows(const AssignArgs& a) {
    constexpr uint StageBytes = Width * LongChunk * 2;
    constexpr int Warps = Groups * 4, BlockRows = Warps * FewRowsOfWarp;
    DYNAMIC_SHARED(shared, 128);
    int stages = a.stages;
    uint centers_at = shared_address(shared);
    unsigned char* rows = shared + stages * StageBytes;
    FewState& state = *(FewState*)(rows + Warps * (FewStages * FewRowStageBytes));
    FewBlock b = few_block<Width>(a, (unsigned char*)(&state + 1), BlockRows);
    bool all = b.chunks <= stages;
    uint full = shared_address(state.full), empty = shared_address(state.empty);
    if (thread_id() == 0) {
        for (int s = 0; s < stages; s++) {
            barrier_init(full + s * 8, 1);
            barrier_init(empty + s * 8, Warps);
        }
        barrier_init_fence();
    }
    block_barrier();
    Turn turn;
    if (warp_id() >= Warps) {
        give_registers<24>();
        for (int n = 0; thread_id() == Warps * 32 && n < (all ? 1 : b.own_tiles); n++) {
            for (int c = 0; c < b.chunks; c++) {
                if (!all) {
                    barrier_wait(empty + turn.at * 8, turn.parity ^ 1);
                }
                barrier_expect(full + turn.at * 8, StageBytes);
                copy_bulk(centers_at + turn.at * StageBytes, (const char*)a.centers.tiles_of_halves + (int64)c * StageBytes, StageBytes,
                    full + turn.at * 8);
                turn.next(stages);
            }
        }
        return;
    }
    take_registers<Registers>();
    unsigned char* own_rows = rows + warp_id() * (FewStages * FewRowStageBytes);
    FewRing<Vectors> ring(shared_address(own_rows), BlockRows, b.chunks, b.own_tiles * b.chunks);
    auto nothing = [](int, int) {};
    ring.next(a, nothing);
    ring.next(a, nothing);
    const unsigned char* lane_row = own_rows + (lane_id() >> 2) * (LongChunk * 4);
    int stage = 0;
    for (int tile = block_id(); tile < b.tiles; tile += grid_blocks()) {
        float sums[Width / 2], totals[Finer ? Width / 2 : 1] = {};
        float square[2] = {}, residual[2] = {};
        for (int c = 0; c < b.chunks; c++) {
            copy_wait<1>();
            warp_barrier();
            ring.next(a, nothing);
            FewHalves halves;
            round_few<Finer>(halves, lane_row + stage * FewRowStageBytes, b.origin + c * LongChunk, b.scale, square, residual);
            barrier_wait(full + turn.at * 8, turn.parity);
            uint centers = matrix_of_blocks(centers_at + turn.at * StageBytes, Width * 16);
            products_begin();
#pragma unroll
            for (int s = 0; s < FewSteps; s++) {
                multiply_add(sums, halves.first[s], centers + s * 2 * Width, Finer ? s : c + s);
                if constexpr (Finer) {
                    multiply_add(sums, halves.rest[s], centers + s * 2 * Width, 1);
                }
            }
            products_commit();
            products_wait(sums);
            if constexpr (Finer) {
#pragma unroll
                for (int i = 0; i < Width / 2; i++) {
                    totals[i] += sums[i];
                }
            }
            if (!all) {
                warp_barrier();
                if (lane_id() == 0) {
                    barrier_arrive(empty + turn.at * 8);
                }
            }
            // What came first never leaves where all find room.
            turn.next(all ? b.chunks : stages);
            turn.parity = all ? 0 : turn.parity;
            stage = stage + 1 == FewStages ? 0 : stage + 1;
        }
        finish_few<Width, Finer>(a, b, square, residual, tile * BlockRows + warp_id() * FewRowsOfWarp + (lane_id() >> 2),
            Finer ? 2 * LongChunk + b.chunks : a.centers.tiled_columns,
            [&](int n, int r, int j) { return Finer ? totals[Finer ? n * 4 + r * 2 + j : 0] : sums[n * 4 + r * 2 + j]; });
    }
}

template <int Width, int Groups, int Registers, bool Finer>
DEVICE void assign_few(const AssignArgs& a) {
    if (a.rows.dimension % 4 == 0) {
        assign_few_rows<Width, Groups, Registers, Finer, true>(a);
    } else {
        assign_few_rows<Width, Groups, Registers, Finer, false>(a);
    }
}
