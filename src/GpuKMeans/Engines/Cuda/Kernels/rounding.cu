// Rounding rows, all of a batch or the undecided ones, for the kernels that do not do it themselves.
#include "rounding.cuh"

DEVICE int64 rounded_place(const AssignArgs& a, bool tiled, int columns, int row, int d) {
    return tiled ? (int64)(row / a.tile_rows) * a.tile_rows * columns + tiled_place(row % a.tile_rows, d, a.tile_rows)
        : (int64)row * columns + d;
}

// A warp takes four rows at a time.
template <bool Listed>
DEVICE void round_all(const AssignArgs& a) {
    int count = Listed ? *a.undecided.count : a.rows.count;
    bool tiled = !Listed && a.tile_rows > 0;
    int columns = tiled ? a.centers.tiled_columns : a.centers.padded_columns;
    for (int first = (int)(global_thread() >> 5) * 4; first < count; first += grid_blocks() * 16) {
        const float* rows[4];
        int entry[4];
#pragma unroll
        for (int i = 0; i < 4; i++) {
            entry[i] = least(first + i, count - 1);
            rows[i] = row_values(a.rows, Listed ? a.undecided.places[entry[i]] : entry[i]);
        }
        auto write = [&](int i, int d, uint low, uint high) {
            *(uint64*)(a.halves + rounded_place(a, tiled, columns, entry[i], d)) = (uint64)high << 32 | low;
        };
        auto finish = [&](int i, float ratio, float margin) { a.scales[entry[i]] = float2{ratio, margin}; };
        if (a.rows.dimension % 4 == 0) {
            round_four<true>(rows, a.centers, a.rows.dimension, columns, write, finish);
        } else {
            round_four<false>(rows, a.centers, a.rows.dimension, columns, write, finish);
        }
    }
}

// Rounds rows of up to 128 values: eight lanes share a row, which stays in their registers between the two looks at it, and
// have two rows at once. A warp takes eight rows.
template <bool Vectors>
DEVICE void round_short(const AssignArgs& a) {
    int dimension = a.rows.dimension, lane = lane_id() & 7;
    int columns = a.tile_rows > 0 ? a.centers.tiled_columns : a.centers.padded_columns;
    int first = (int)(global_thread() >> 5) * 8 + (lane_id() >> 3);
    if (first - (lane_id() >> 3) >= a.rows.count) {
        return;
    }
    float v[2][16];
    float largest[2] = {}, square[2] = {}, residual[2] = {};
#pragma unroll
    for (int r = 0; r < 2; r++) {
        const float* row = row_values(a.rows, least(first + r * 4, a.rows.count - 1));
#pragma unroll
        for (int i = 0; i < 4; i++) {
            float (&four)[4] = *(float (*)[4])(v[r] + i * 4);
            read4<Vectors>(four, row, lane * 4 + i * 32, dimension);
        }
    }
#pragma unroll
    for (int i = 0; i < 4; i++) {
        float origin[4];
        read4<Vectors>(origin, a.centers.origin, lane * 4 + i * 32, dimension);
#pragma unroll
        for (int r = 0; r < 2; r++) {
#pragma unroll
            for (int j = 0; j < 4; j++) {
                float& x = v[r][i * 4 + j];
                x -= origin[j];
                largest[r] = larger(largest[r], magnitude(x));
            }
        }
    }
    Extremes extremes = *a.centers.extremes;
    int centers_exponent = half_scale_exponent(bits_float(extremes.largest));
#pragma unroll
    for (int r = 0; r < 2; r++) {
        RowScale scale = row_scale(lanes_max<8>(largest[r]), centers_exponent);
        int row = first + r * 4;
#pragma unroll
        for (int i = 0; i < 4; i++) {
            float* x = v[r] + i * 4;
#pragma unroll
            for (int j = 0; j < 4; j++) {
                x[j] *= scale.scale;
                square[r] = __builtin_fmaf(x[j], x[j], square[r]);
            }
            uint pair[2] = {half_pair(x[0], x[1]), half_pair(x[2], x[3])};
#pragma unroll
            for (int j = 0; j < 4; j++) {
                float lost = x[j] - half_value(pair[j / 2] >> (j % 2 * 16));
                residual[r] = __builtin_fmaf(lost, lost, residual[r]);
            }
            int d = lane * 4 + i * 32;
            if (d < columns && row < a.rows.count) {
                *(uint64*)(a.halves + rounded_place(a, a.tile_rows > 0, columns, row, d)) = (uint64)pair[1] << 32 | pair[0];
            }
        }
        float norm = near_root(lanes_sum<8>(square[r]));
        float lost = near_root(lanes_sum<8>(residual[r])) + 0x1p-23f * norm;
        float margin = score_margin(extremes, norm, lost, scale.ratio, a.centers.padded_columns);
        if (lane == 0 && row < a.rows.count) {
            a.scales[row] = float2{scale.ratio, scale.fits ? margin : infinity()};
        }
    }
}

GLOBAL BOUNDS(128, 5) void round_short_rows(AssignArgs a) {
    if (a.rows.dimension % 4 == 0) {
        round_short<true>(a);
    } else {
        round_short<false>(a);
    }
}

GLOBAL BOUNDS(128, 1) void round_rows(AssignArgs a) { round_all<false>(a); }
GLOBAL BOUNDS(128, 1) void round_listed_rows(AssignArgs a) { round_all<true>(a); }
