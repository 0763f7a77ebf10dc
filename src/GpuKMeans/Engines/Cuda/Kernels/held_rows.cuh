// Rows that a warp holds in its registers, and what the tensor cores make of them and of a group of centres: see held.cuh.
#pragma once
#include "short_rows.cuh"
#include <tensor.cuh>

constexpr int TileCenters = 128;
constexpr int HeldRowsOfWarp = 32;

// Bytes from eight columns of a tile to the next eight.
constexpr uint BlockBytes = TileCenters * 16;

template <int Steps>
constexpr uint HeldTileBytes = (Steps * 2 + 1) * BlockBytes;

// Rows as a lane has them: of each of the rows own, own + 8, + 16 and + 24, four of each 16 columns. What else is known of a
// row is shared out: the lane of a quad has it of the row that its number says.
template <int Steps>
struct HeldRows {
    uint values[2][Steps][4];
    uint extra[2][2];       // the columns of the scale, of each row
    float ratio;
    int margin;
};

// Of four values a lane, summed over the four lanes of a quad, each lane gets one.
DEVICE float share_sums(const float (&v)[4]) {
    bool odd = lane_id() & 1, high = lane_id() & 2;
    float first = (odd ? v[1] : v[0]) + shuffle_xor(odd ? v[0] : v[1], 1);
    float second = (odd ? v[3] : v[2]) + shuffle_xor(odd ? v[2] : v[3], 1);
    return (high ? second : first) + shuffle_xor(high ? first : second, 2);
}

// Rounds `Count` of the four rows at once: all where they find room in registers.
template <int Steps, int First, int Count>
DEVICE void round_held(HeldRows<Steps>& rows, const AssignArgs& a, const Extremes& extremes, float scale, int place) {
    float v[4][Steps * 4], origin[Steps * 4];
    const float* values[4];
#pragma unroll
    for (int r = First; r < First + Count; r++) {
        // Places after the last repeat it; what comes of them is not kept.
        values[r] = row_values(a.rows, least(place + r * 8, a.rows.count - 1));
    }
    if (a.rows.dimension == Steps * 16) {
#pragma unroll
        for (int r = First; r < First + Count; r++) {
            read_whole_row<Steps>(v[r], values[r]);
        }
        read_whole_row<Steps>(origin, a.centers.origin);
    } else {
#pragma unroll
        for (int r = First; r < First + Count; r++) {
            read_row<Steps>(v[r], values[r], a.rows.dimension);
        }
        read_row<Steps>(origin, a.centers.origin, a.rows.dimension);
    }
    float squares[4] = {};
#pragma unroll
    for (int i = 0; i < Steps * 4; i++) {
        float o = -origin[i] * scale;
#pragma unroll
        for (int r = First; r < First + Count; r++) {
            v[r][i] = __builtin_fmaf(v[r][i], scale, o);
            squares[r] = __builtin_fmaf(v[r][i], v[r][i], squares[r]);
        }
    }
    float norm = near_root(share_sums(squares));
    float most = larger(norm, shuffle_xor(norm, 1));
    most = larger(most, shuffle_xor(most, 2));
    float ratio = short_ratio(extremes, most);
    float residuals[4] = {};
#pragma unroll
    for (int s = 0; s < Steps; s++) {
#pragma unroll
        for (int r = First; r < First + Count; r++) {
#pragma unroll
            for (int i = 0; i < 2; i++) {
                rows.values[r / 2][s][i * 2 + r % 2] = round_pair(v[r][s * 4 + i * 2] * ratio, v[r][s * 4 + i * 2 + 1] * ratio, residuals[r]);
            }
        }
    }
    uint extra = extra_columns(ratio);
    float residual = share_sums(residuals);
    int margin = short_key_margin(extremes, norm, residual, ratio, Steps * 16);
#pragma unroll
    for (int m = First / 2; m < (First + Count) / 2; m++) {
        // The same twice, which the compiler must not know: products take pairs of registers.
        rows.extra[m][0] = extra;
        rows.extra[m][1] = extra | (uint)block_id_z();
    }
    int own = lane_id() & 3;
    if (own >= First && own < First + Count) {
        rows.ratio = ratio;
        rows.margin = margin;
    }
}

template <int Steps>
DEVICE HeldRows<Steps> hold_rows(const AssignArgs& a, int place) {
    HeldRows<Steps> rows;
    Extremes extremes = *a.centers.extremes;
    float scale = centers_scale(extremes.largest);
    if constexpr (Steps <= 4) {
        round_held<Steps, 0, 4>(rows, a, extremes, scale, place);
    } else {
        round_held<Steps, 0, 2>(rows, a, extremes, scale, place);
        round_held<Steps, 2, 2>(rows, a, extremes, scale, place);
    }
    return rows;
}

// A group is of 32 centres, in two sets, or of 16 where more would take registers from warps that are of more use.
template <int Steps>
constexpr int GroupCenters = Steps <= 2 ? 16 : 32;

// Where the lane's row of the matrices of 8 centres by 8 columns begins: of the same centres two, of the next two; and of the last columns
// one of each.
DEVICE uint lane_values(uint tile) { return tile + (uint)((lane_id() >> 4) * 128 + (lane_id() >> 3 & 1) * BlockBytes + (lane_id() & 7) * 16); }
DEVICE uint lane_extra(uint tile) { return tile + (uint)(lane_id() * 16); }

// The sums of the rows with a group of centres. `values_at` and `extra_at` say where the lane's rows of 8×8 matrices begin.
template <int Steps>
DEVICE void multiply_group(float (&sums)[2][GroupCenters<Steps> / 8][4], const HeldRows<Steps>& rows, uint values_at, uint extra_at) {
    constexpr int Eights = GroupCenters<Steps> / 8;
#pragma unroll
    for (int s = 0; s < Steps; s++) {
#pragma unroll
        for (int n = 0; n < Eights; n += 2) {
            uint b[4];
            load_matrices(b, values_at + (uint)(s * 2) * BlockBytes + n * 128);
#pragma unroll
            for (int m = 0; m < 2; m++) {
#pragma unroll
                for (int i = 0; i < 2; i++) {
                    if (s == 0) {
                        multiply(sums[m][n + i], rows.values[m][s], b[i * 2], b[i * 2 + 1]);
                    } else {
                        multiply_add(sums[m][n + i], rows.values[m][s], b[i * 2], b[i * 2 + 1]);
                    }
                }
            }
        }
    }
    uint b[Eights];
    load_matrices(b, extra_at + (uint)(Steps * 2) * BlockBytes);
#pragma unroll
    for (int m = 0; m < 2; m++) {
#pragma unroll
        for (int n = 0; n < Eights; n++) {
            multiply_add(sums[m][n], rows.extra[m][0], rows.extra[m][1], b[n]);
        }
    }
}
