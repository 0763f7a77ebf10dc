// Rows of up to 128 values, rounded into registers in the order in which the tensor cores of Hopper take them.
#pragma once
#include "keys.cuh"
#include "rounding.cuh"

// Rows as a thread has them: of the rows `own` and `own + 8` of its group, four of each 16 columns.
template <int Steps>
struct ShortRows {
    uint values[Steps][4];
    float ratio;            // of the rows' scale to the centres', the same for both
    int margins[2];
    bool fits;
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

// What a row's scores are off by, in units of the rows' scale: see score_margin, but that scores are sums of 2^24 and more,
// which rounds them by half a unit twice; and the pass over open rows rounds them once more.
DEVICE float short_margin(const Extremes& e, float norm, float residual, float ratio, int columns) {
    float c = bits_float(e.norm), lost = bits_float(e.residual);
    float x = norm + residual;
    float sums = (float)(columns + 16) * (1.125f * 0x1p-23f);
    float error = residual * c + x * lost + sums * x * (c + lost) + 0x1p-22f * (norm * c + ratio * bits_float(e.half_square))
        + 1.5f * KeyUnit;
    return 2 * error * (1.0005f + (float)columns * 0x1p-24f);
}

template <int Steps>
DEVICE ShortRows<Steps> read_rows(const AssignArgs& a, int place) {
    ShortRows<Steps> rows;
    Extremes extremes = *a.centers.extremes;
    float centers_scale = power_of_two(half_scale_exponent(bits_float(extremes.largest)));
    float v[2][Steps * 4], norms[2];
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
            float o = -origin[i] * centers_scale;
#pragma unroll
            for (int r = 0; r < 2; r++) {
                v[r][i] = __builtin_fmaf(v[r][i], centers_scale, o);
                square[r] = __builtin_fmaf(v[r][i], v[r][i], square[r]);
            }
        }
    }
    norms[0] = near_root(lanes_sum<4>(square[0]));
    norms[1] = near_root(lanes_sum<4>(square[1]));

    // The scale: scores, which are at most ‖x‖·‖c‖ + q·½‖c‖², fit a key, and values fit half precision.
    float norm = larger(norms[0], norms[1]);
    float most = 1.01f * (norm * bits_float(extremes.norm) + bits_float(extremes.half_square));
    rows.ratio = power_of_two(clamp(KeyRangeExponent - 1 - exponent(larger(most, norm * 512)), -100, 20));
    rows.fits = norm < 0x1p34f;
    float residual[2] = {};
#pragma unroll
    for (int s = 0; s < Steps; s++) {
#pragma unroll
        for (int r = 0; r < 2; r++) {
#pragma unroll
            for (int i = 0; i < 2; i++) {
                float low = v[r][s * 4 + i * 2] * rows.ratio, high = v[r][s * 4 + i * 2 + 1] * rows.ratio;
                uint pair = half_pair(low, high);
                float lost_low = low - half_value(pair), lost_high = high - half_value(pair >> 16);
                residual[r] = __builtin_fmaf(lost_low, lost_low, residual[r]);
                residual[r] = __builtin_fmaf(lost_high, lost_high, residual[r]);
                rows.values[s][i * 2 + r] = pair;
            }
        }
    }
#pragma unroll
    for (int r = 0; r < 2; r++) {
        // What underflows in the squares is lost as well.
        float own = norms[r] * rows.ratio + 0x1p-50f;
        float lost = near_root(lanes_sum<4>(residual[r])) + 0x1p-23f * own + 0x1p-50f;
        rows.margins[r] = rows.fits ? key_margin(short_margin(extremes, own, lost, rows.ratio, Steps * 16)) : MostKeyMargin;
    }
    return rows;
}
