// Rows as kernels see them: a batch of rows of a float32 matrix, consecutive or listed.
#pragma once
#include "device.cuh"

struct Rows {
    const float* values;    // the matrix
    const int64* index;     // the row at each place of the batch; null for rows that follow `start`
    const float* weights;   // a weight for each row of the matrix; null for weights of 1
    int64 start;
    int64 before;           // the places of the operation before those of the batch
    int dimension;
    int count;              // the places of the batch
};

DEVICE int64 row_number(const Rows& rows, int place) {
    return rows.index ? rows.index[place] : rows.start + place;
}

DEVICE const float* row_values(const Rows& rows, int place) {
    return rows.values + row_number(rows, place) * rows.dimension;
}

DEVICE float row_weight(const Rows& rows, int place) {
    return rows.weights ? rows.weights[row_number(rows, place)] : 1.0f;
}

// Adds (x − c)², for sums that are only compared.
DEVICE float add_square(float x, float c, float sum) {
    float d = x - c;
    return __builtin_fmaf(d, d, sum);
}

// (x − c)², for sums that are reported.
DEVICE float squared(float x, float c) {
    float d = x - c;
    return d * d;
}

// The squared distance that is reported: direct differences in float32, sixteen running sums, one for each index modulo
// 16, added up in a fixed tree, with the same roundings as the CPU engine. Four lanes work together on a row, each with
// four of the sums, so that a warp measures eight rows; every lane gets the result of its four. Several rows at once keep
// more loads under way.
template <int Count>
DEVICE void direct_distances(float (&distances)[Count], const float* const (&x)[Count], const float* const (&c)[Count], int dimension) {
    int first = (lane_id() & 3) * 4;
    float sums[Count][4] = {};
    if (dimension % 4 == 0) {
#pragma unroll 4
        for (int d = first; d < dimension; d += 16) {
#pragma unroll
            for (int r = 0; r < Count; r++) {
                float4 a = load4(x[r] + d), b = load4(c[r] + d);
                sums[r][0] += squared(a.x, b.x);
                sums[r][1] += squared(a.y, b.y);
                sums[r][2] += squared(a.z, b.z);
                sums[r][3] += squared(a.w, b.w);
            }
        }
    } else {
        for (int d = first; d < dimension; d += 16) {
#pragma unroll
            for (int r = 0; r < Count; r++) {
#pragma unroll
                for (int i = 0; i < 4; i++) {
                    sums[r][i] += d + i < dimension ? squared(x[r][d + i], c[r][d + i]) : 0;
                }
            }
        }
    }
#pragma unroll
    for (int r = 0; r < Count; r++) {
#pragma unroll
        for (int i = 0; i < 4; i++) {
            sums[r][i] += shuffle_xor(sums[r][i], 2);
            sums[r][i] += shuffle_xor(sums[r][i], 1);
        }
        distances[r] = (sums[r][0] + sums[r][2]) + (sums[r][1] + sums[r][3]);
    }
}

DEVICE float direct_distance(const float* x, const float* c, int dimension) {
    float distances[1];
    const float* const rows[1] = {x};
    const float* const centers[1] = {c};
    direct_distances(distances, rows, centers, dimension);
    return distances[0];
}

// The squared distance that labels are decided by: float64, eight running sums, one for each index modulo 8, with the
// same roundings as the CPU engine. Eight lanes work together on a row; each gets the result of its eight.
DEVICE double exact_distance(const float* x, const float* c, int dimension) {
    double sum = 0;
    for (int d = lane_id() & 7; d < dimension; d += 8) {
        double difference = (double)x[d] - c[d];
        sum += difference * difference;
    }
    return lanes_sum<8>(sum);
}

// Remembers the first place of a row that has no place among the others: it holds no number, or is too large.
DEVICE void report_bad_row(const Rows& rows, uint64* bad, int place) { atomic_min(bad, (uint64)(rows.before + place)); }
