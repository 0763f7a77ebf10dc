// Few centres on any GPU with room for the rings (163 KB of shared memory a block and more): a warp multiplies sixteen rows by all of them.
#pragma once
#include "few.cuh"

// Up to so many centres rows are rounded finer, as few_hopper.cuh says: products are not the limit there. And up to so many centres are
// too, whose second halves are multiplied as more centres: next to no row stays undecided.
constexpr int MostFiner = 64;
constexpr int MostFinerCenters = 8;

template <int Width, int Warps, bool Vectors>
DEVICE void assign_few_rows(const AssignArgs& a) {
    constexpr bool Finer = Width <= MostFiner, FinerCenters = Width <= MostFinerCenters;
    constexpr int Multiplied = FinerCenters ? 2 * Width : Width;
    constexpr uint StageBytes = Multiplied * LongChunk * 2;
    constexpr int BlockRows = Warps * FewRowsOfWarp;
    DYNAMIC_SHARED(shared, 128);
    int stages = a.stages;
    unsigned char* own_rows = shared + warp_id() * (FewStages * FewRowStageBytes);
    unsigned char* centers = shared + Warps * (FewStages * FewRowStageBytes);
    uint centers_at = shared_address(centers);
    FewBlock b = few_block<Width>(a, centers + stages * StageBytes, BlockRows);
    bool all = b.chunks <= stages;
    auto copy_centers = [&](int stage, int chunk) {
        const char* from = (const char*)a.centers.tiles_of_halves + (int64)chunk * StageBytes;
        for (uint i = thread_id() * 16; i < StageBytes; i += Warps * 32 * 16) {
            copy_async(centers_at + stage * StageBytes + i, from + i);
        }
    };
    auto copy_with = [&](int stage, int chunk) {
        if (!all) {
            copy_centers(stage, chunk);
        }
    };
    for (int s = 0; s < (all ? b.chunks : 0); s++) {
        copy_centers(s, s);
    }
    FewRing<Vectors> ring(shared_address(own_rows), BlockRows, b.chunks, b.own_tiles * b.chunks);
    ring.next(a, copy_with);
    ring.next(a, copy_with);
    copy_wait<1>();
    block_barrier();

    // Where the lane's first row begins in a stage, and its rows of 8×8 matrices.
    const unsigned char* lane_row = own_rows + (lane_id() >> 2) * (LongChunk * 4);
    uint lane_at = centers_at + (uint)(((lane_id() >> 3 & 1) * Multiplied + (lane_id() >> 4) * 8 + (lane_id() & 7)) * 16);
    int stage = 0;
    for (int tile = block_id(); tile < b.tiles; tile += grid_blocks()) {
        float sums[Multiplied / 8][4] = {}, totals[Finer ? Multiplied / 8 : 1][4] = {};
        float square[2] = {}, residual[2] = {};
        for (int c = 0; c < b.chunks; c++) {
            copy_wait<1>();
            if (all) {
                warp_barrier();
            } else {
                block_barrier();
            }
            ring.next(a, copy_with);
            FewHalves halves;
            round_few<Finer>(halves, lane_row + stage * FewRowStageBytes, b.origin + c * LongChunk, b.scale, square, residual);
            uint at = lane_at + (all ? c : stage) * StageBytes;
#pragma unroll
            for (int s = 0; s < FewSteps; s++) {
#pragma unroll
                for (int n = 0; n < Multiplied / 16; n++) {
                    uint m[4];
                    load_matrices(m, at + (uint)(s * 2 * Multiplied * 16 + n * 256));
                    if (Finer && s == 0) {
                        multiply(sums[n * 2], halves.first[s], m[0], m[1]);
                        multiply(sums[n * 2 + 1], halves.first[s], m[2], m[3]);
                    } else {
                        multiply_add(sums[n * 2], halves.first[s], m[0], m[1]);
                        multiply_add(sums[n * 2 + 1], halves.first[s], m[2], m[3]);
                    }
                    if constexpr (Finer) {
                        multiply_add(sums[n * 2], halves.rest[s], m[0], m[1]);
                        multiply_add(sums[n * 2 + 1], halves.rest[s], m[2], m[3]);
                    }
                }
            }
#pragma unroll
            for (int n = 0; n < (Finer ? Multiplied / 8 : 0); n++) {
#pragma unroll
                for (int i = 0; i < 4; i++) {
                    totals[n][i] += sums[n][i];
                }
            }
            stage = stage + 1 == FewStages ? 0 : stage + 1;
        }
        // Products with second halves are small beside the others, so that adding them up is off by less than one more column is, and so
        // is adding both.
        finish_few<Width, Finer>(a, b, square, residual, tile * BlockRows + warp_id() * FewRowsOfWarp + (lane_id() >> 2),
            Finer ? 2 * LongChunk + b.chunks + (FinerCenters ? 2 : 0) : a.centers.tiled_columns,
            [&](int n, int r, int j) {
                if constexpr (FinerCenters) {
                    return totals[n][r * 2 + j] + totals[n + Width / 8][r * 2 + j];
                } else if constexpr (Finer) {
                    return totals[n][r * 2 + j];
                } else {
                    return sums[n][r * 2 + j];
                }
            });
    }
}

template <int Width, int Warps>
DEVICE void assign_few(const AssignArgs& a) {
    if (a.rows.dimension % 4 == 0) {
        assign_few_rows<Width, Warps, true>(a);
    } else {
        assign_few_rows<Width, Warps, false>(a);
    }
}
