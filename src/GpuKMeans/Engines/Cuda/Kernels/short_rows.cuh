// Rows of up to 128 values, rounded into registers in the order in which the tensor cores take them.
#pragma once
#include "keys.cuh"
#include "rounding.cuh"

// Rows as a thread has them: of the rows `own` and `own + 8` of its group, four of each 16 columns.
template <int Steps>
struct ShortRows {
    uint values[Steps][4];
    uint extra;             // the columns of the scale, the same for both
    float ratio;            // of the rows' scale to the centres', the same for both
    int margins[2];
};

template <int Steps>
DEVICE void read_row(float (&v)[Steps * 4], const float* row, int dimension) {
    int first = (lane_id() & 3) * 4;
    if (dimension % 4 == 0) {
#pragma unroll
        for (int s = 0; s < Steps; s++) {
            read4<true>(*(float (*)[4])(v + s * 4), row, s * 16 + first, dimension);
        }
    } else {
#pragma unroll
        for (int s = 0; s < Steps; s++) {
            read4<false>(*(float (*)[4])(v + s * 4), row, s * 16 + first, dimension);
        }
    }
}

// The same for rows of 16 values for each step.
template <int Steps>
DEVICE void read_whole_row(float (&v)[Steps * 4], const float* row) {
#pragma unroll
    for (int s = 0; s < Steps; s++) {
        float4 four = load4(row + s * 16 + (lane_id() & 3) * 4);
        v[s * 4] = four.x, v[s * 4 + 1] = four.y, v[s * 4 + 2] = four.z, v[s * 4 + 3] = four.w;
    }
}

// Rows so long that their scores say nothing.
constexpr float LargestShortNorm = 0x1p34f;

// The ratio of rows' scale to the centres', from the length of the longest: scores, which are at most ‖x‖·‖c‖ + q·½‖c‖², fit a
// key, values fit half precision, and so does the scale in its columns.
DEVICE float short_ratio(const Extremes& e, float norm) {
    float most = 1.01f * (norm * bits_float(e.norm) + bits_float(e.half_square));
    return power_of_two(clamp(KeyRangeExponent - 1 - exponent(larger(most, norm * 512)), -100, MostShortRatioExponent));
}

// What a row has in the columns after its values, two of eight for each lane of its quad: the offset of keys, and twice the
// scale, for the columns in which centres have their half squared lengths.
DEVICE uint extra_columns(float ratio) {
    uint scale = half_pair(ratio * (1 / ShortSquareScale), 0);
    int lane = lane_id() & 3;
    return lane == 0 ? half_pair(ShortOffsetFactor, 0) | scale << 16 : lane == 1 ? scale : 0;
}

// Rounds a pair to half precision, and adds up the squares of what that takes away.
DEVICE uint round_pair(float low, float high, float& residual) {
    uint pair = half_pair(low, high);
    float lost_low = low - half_value(pair), lost_high = high - half_value(pair >> 16);
    residual = __builtin_fmaf(lost_low, lost_low, residual);
    residual = __builtin_fmaf(lost_high, lost_high, residual);
    return pair;
}

// What a row's scores are off by, in units of the rows' scale: see score_margin, but that the last product adds 1.5·2^24, for
// which what it is added to, both parts of the half squared length and the sum are cut to whole units; and the pass over open
// rows rounds them once more. `square` is of what was lost in rounding, `norm` in units of the centres' scale.
DEVICE int short_key_margin(const Extremes& e, float norm, float square, float ratio, int columns) {
    // What underflows in the squares is lost as well.
    float own = norm * ratio + 0x1p-50f;
    float residual = near_root(square) + 0x1p-23f * own + 0x1p-50f;
    Relevant r = relevant_to(e, norm, columns);
    float c = r.norm, lost = r.residual;
    float x = own + residual;
    float sums = (float)(columns + 16) * (1.125f * 0x1p-23f);
    float error = residual * c + x * lost + sums * x * (c + lost) + 0x1p-21f * (own * c + ratio * r.half_square)
        + r.units * 5 * KeyUnit;
    float margin = 2 * error * (1.0005f + (float)columns * 0x1p-24f);
    return norm < smaller(reach_of(e), LargestShortNorm) ? key_margin(margin) : MostKeyMargin;
}

template <int Steps>
DEVICE ShortRows<Steps> read_rows(const AssignArgs& a, int place) {
    ShortRows<Steps> rows;
    Extremes extremes = *a.centers.extremes;
    float scale = centers_scale(extremes.largest);
    float v[2][Steps * 4];
#pragma unroll
    for (int r = 0; r < 2; r++) {
        // Places after the last repeat it; what comes of them is not kept.
        read_row<Steps>(v[r], row_values(a.rows, least(place + r * 8, a.rows.count - 1)), a.rows.dimension);
    }
    float square[2] = {};
    {
        float origin[Steps * 4];
        read_row<Steps>(origin, a.centers.origin, a.rows.dimension);
#pragma unroll
        for (int i = 0; i < Steps * 4; i++) {
            float o = -origin[i] * scale;
#pragma unroll
            for (int r = 0; r < 2; r++) {
                v[r][i] = __builtin_fmaf(v[r][i], scale, o);
                square[r] = __builtin_fmaf(v[r][i], v[r][i], square[r]);
            }
        }
    }
    float norms[2] = {near_root(lanes_sum<4>(square[0])), near_root(lanes_sum<4>(square[1]))};
    float norm = larger(norms[0], norms[1]);
    rows.ratio = short_ratio(extremes, norm);
    rows.extra = extra_columns(rows.ratio);
    float residual[2] = {};
#pragma unroll
    for (int s = 0; s < Steps; s++) {
#pragma unroll
        for (int r = 0; r < 2; r++) {
#pragma unroll
            for (int i = 0; i < 2; i++) {
                rows.values[s][i * 2 + r] = round_pair(v[r][s * 4 + i * 2] * rows.ratio, v[r][s * 4 + i * 2 + 1] * rows.ratio, residual[r]);
            }
        }
    }
#pragma unroll
    for (int r = 0; r < 2; r++) {
        rows.margins[r] = short_key_margin(extremes, norms[r], lanes_sum<4>(residual[r]), rows.ratio, Steps * 16);
    }
    return rows;
}
