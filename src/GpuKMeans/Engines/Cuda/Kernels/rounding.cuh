// Rounding rows to half precision, a warp at four rows.
#pragma once
#include "assign.cuh"

// Rows are rounded before it is known how long they are, so all have one scale: the centres', less this power of two. A value
// may be 2^18 times the largest of the centres before it is lost, and one 2^-9 times that large still has all its digits.
constexpr int RowsShift = 7;
constexpr float AllRowsRatio = 1.0f / (1 << RowsShift);     // of that scale to the centres'

DEVICE float long_rows_scale(const Extremes& e) { return power_of_two(half_scale_exponent(bits_float(e.largest)) - RowsShift); }

template <bool Vectors>
DEVICE void read4(float (&v)[4], const float* row, int d, int dimension) {
    if constexpr (Vectors) {
        float4 four = d < dimension ? load4(row + d) : float4{0, 0, 0, 0};
        v[0] = four.x, v[1] = four.y, v[2] = four.z, v[3] = four.w;
    } else {
#pragma unroll
        for (int i = 0; i < 4; i++) {
            v[i] = d + i < dimension ? row[d + i] : 0;
        }
    }
}

// Rounds four rows at a time by a warp, so that loads of four rows are under way together. `write` takes a row's
// column and two pairs of halves; `finish` its ratio and margin.
template <bool Vectors, typename Write, typename Finish>
DEVICE void round_four(const float* const (&rows)[4], const Centers& c, int dimension, int columns, Write write, Finish finish) {
    float largest[4] = {};
    for (int d = lane_id() * 4; d < columns; d += 128) {
        float o[4];
        read4<Vectors>(o, c.origin, d, dimension);
#pragma unroll
        for (int r = 0; r < 4; r++) {
            float v[4];
            read4<Vectors>(v, rows[r], d, dimension);
#pragma unroll
            for (int i = 0; i < 4; i++) {
                largest[r] = larger(largest[r], magnitude(v[i] - o[i]));
            }
        }
    }
    int centers_exponent = half_scale_exponent(bits_float(c.extremes->largest));
    RowScale scale[4];
#pragma unroll
    for (int r = 0; r < 4; r++) {
        scale[r] = row_scale(lanes_max(largest[r]), centers_exponent);
    }
    float square[4] = {}, residual[4] = {};
    for (int d = lane_id() * 4; d < columns; d += 128) {
        float o[4];
        read4<Vectors>(o, c.origin, d, dimension);
#pragma unroll
        for (int r = 0; r < 4; r++) {
            float v[4];
            read4<Vectors>(v, rows[r], d, dimension);
#pragma unroll
            for (int i = 0; i < 4; i++) {
                v[i] = (v[i] - o[i]) * scale[r].scale;
                square[r] = __builtin_fmaf(v[i], v[i], square[r]);
            }
            uint pair[2] = {half_pair(v[0], v[1]), half_pair(v[2], v[3])};
#pragma unroll
            for (int i = 0; i < 4; i++) {
                float lost = v[i] - half_value(pair[i / 2] >> (i % 2 * 16));
                residual[r] = __builtin_fmaf(lost, lost, residual[r]);
            }
            write(r, d, pair[0], pair[1]);
        }
    }
#pragma unroll
    for (int r = 0; r < 4; r++) {
        float norm = root(lanes_sum(square[r]));
        float lost = root(lanes_sum(residual[r])) + 0x1p-23f * norm;
        float margin = score_margin(*c.extremes, norm, lost, scale[r].ratio, c.padded_columns);
        if (lane_id() == 0) {
            finish(r, scale[r].ratio, scale[r].fits ? margin : infinity());
        }
    }
}
