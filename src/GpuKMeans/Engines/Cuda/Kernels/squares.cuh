// Squared distances from 128 rows to 64 others, members of a pool or centres, from direct differences in float32. A block of
// 128 threads, each with 8 rows by 8 others; columns come through shared memory.
#pragma once
#include "rows.cuh"

constexpr int TileThreads = 128;
constexpr int TileRows = 128;
constexpr int TileOthers = 64;
constexpr int ThreadRows = 8;
constexpr int ThreadOthers = 8;
constexpr int StageColumns = 32;

// What of a tile is in shared memory at once.
struct alignas(16) Stage {
    float rows[StageColumns * TileRows];
    float others[StageColumns * TileOthers];
};

// What a thread has of a tile: eight rows from here on, and of the others four of either half, so that what eight threads read
// together falls in different banks.
DEVICE int own_rows() { return thread_id() / 8 * ThreadRows; }
DEVICE int own_other(int i) { return thread_id() % 8 * 4 + i / 4 * (TileOthers / 2) + i % 4; }

// Where a stage has a row's column. Rows lie side by side; what lanes write together falls in different banks, and four
// rows from a multiple of four on stay together.
template <int Pitch>
DEVICE int stage_place(int row, int column) { return column * Pitch + (row ^ ((column / 4 & 7) * 4)); }

// Brings columns of rows to shared memory, zeros behind the last.
template <int Count, bool Vectors, typename Row>
DEVICE void load_columns(float (&stage)[StageColumns * Count], int from, int dimension, Row row) {
    int d = thread_id() % 8 * 4;
#pragma unroll
    for (int i = 0; i < Count * 8 / TileThreads; i++) {
        int r = thread_id() / 8 + i * (TileThreads / 8);
        const float* values = row(r) + from + d;
        float4 v = {0, 0, 0, 0};
        if constexpr (Vectors) {
            v = from + d < dimension ? load4(values) : v;
        } else {
            v.x = from + d < dimension ? values[0] : 0;
            v.y = from + d + 1 < dimension ? values[1] : 0;
            v.z = from + d + 2 < dimension ? values[2] : 0;
            v.w = from + d + 3 < dimension ? values[3] : 0;
        }
        stage[stage_place<Count>(r, d)] = v.x;
        stage[stage_place<Count>(r, d + 1)] = v.y;
        stage[stage_place<Count>(r, d + 2)] = v.z;
        stage[stage_place<Count>(r, d + 3)] = v.w;
    }
}

// The thread's sums, column after column. `row` and `other` give where the values of each begin; `Vectors` says that they may
// be read four at a time.
template <bool Vectors, typename Row, typename Other>
DEVICE void add_squares(Stage& stage, float (&sums)[ThreadOthers][ThreadRows], int dimension, Row row, Other other) {
    int own_row = own_rows(), first_other = own_other(0);
    for (int from = 0; from < dimension; from += StageColumns) {
        block_barrier();
        load_columns<TileRows, Vectors>(stage.rows, from, dimension, row);
        load_columns<TileOthers, Vectors>(stage.others, from, dimension, other);
        block_barrier();
        int width = least(dimension - from, StageColumns);
        for (int four = 0; four < width; four += 4) {
#pragma unroll
            for (int i = 0; i < 4; i++) {
                float4 x0 = load4(stage.rows + stage_place<TileRows>(own_row, four + i));
                float4 x1 = load4(stage.rows + stage_place<TileRows>(own_row + 4, four + i));
                float4 c0 = load4(stage.others + stage_place<TileOthers>(first_other, four + i));
                float4 c1 = load4(stage.others + stage_place<TileOthers>(first_other + TileOthers / 2, four + i));
                float x[ThreadRows] = {x0.x, x0.y, x0.z, x0.w, x1.x, x1.y, x1.z, x1.w};
                float c[ThreadOthers] = {c0.x, c0.y, c0.z, c0.w, c1.x, c1.y, c1.z, c1.w};
#pragma unroll
                for (int m = 0; m < ThreadOthers; m++) {
#pragma unroll
                    for (int r = 0; r < ThreadRows; r++) {
                        sums[m][r] = add_square(x[r], c[m], sums[m][r]);
                    }
                }
            }
        }
    }
}
