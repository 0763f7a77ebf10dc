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

// The squared distance that is reported: direct differences in float32, with the same roundings as Distance.Squared of the
// CPU engine. Sixteen running sums (eight or four for shorter rows), one for each index modulo that number, but for the
// last values, which go to the last sums; the sums are added up in a fixed tree. Four lanes work together on a row, each
// with four of the sums, so that a warp measures eight rows; every lane gets the result of its four. Several rows at once
// keep more loads under way.
template <int Count>
DEVICE void direct_distances(float (&distances)[Count], const float* const (&x)[Count], const float* const (&c)[Count], int dimension) {
    if (dimension < 4) {
#pragma unroll
        for (int r = 0; r < Count; r++) {
            distances[r] = 0;
            for (int d = 0; d < dimension; d++) {
                distances[r] += squared(x[r][d], c[r][d]);
            }
        }
        return;
    }
    int width = dimension >= 16 ? 16 : dimension >= 8 ? 8 : 4;
    int whole = dimension / width * width;
    int first = (lane_id() & 3) * 4, last = dimension - width + first;
    bool sums_some = first < width;
    float sums[Count][4] = {};
    if (dimension % 4 == 0) {
        auto add = [&](int d) {
#pragma unroll
            for (int r = 0; r < Count; r++) {
                float4 a = load4(x[r] + d), b = load4(c[r] + d);
                sums[r][0] += squared(a.x, b.x);
                sums[r][1] += squared(a.y, b.y);
                sums[r][2] += squared(a.z, b.z);
                sums[r][3] += squared(a.w, b.w);
            }
        };
#pragma unroll 4
        for (int d = sums_some ? first : whole; d < whole; d += width) {
            add(d);
        }
        if (sums_some && last >= whole) {
            add(last);
        }
    } else {
        auto add = [&](int d, int from) {
#pragma unroll
            for (int i = 0; i < 4; i++) {
#pragma unroll
                for (int r = 0; r < Count && d + i >= from; r++) {
                    sums[r][i] += squared(x[r][d + i], c[r][d + i]);
                }
            }
        };
        for (int d = sums_some ? first : whole; d < whole; d += width) {
            add(d, 0);
        }
        if (sums_some) {
            add(last, whole);
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

// The same for fewer than 16 values, by one thread.
DEVICE float direct_distance_of_few(const float* x, const float* c, int dimension) {
    float sums[8] = {};
    if (dimension < 4) {
        for (int d = 0; d < dimension; d++) {
            sums[0] += squared(x[d], c[d]);
        }
        return sums[0];
    }
    int width = dimension >= 8 ? 8 : 4;
#pragma unroll
    for (int i = 0; i < 8; i++) {
        int last = dimension - width + i;
        if (i < width) {
            sums[i] = squared(x[i], c[i]);
            sums[i] += last >= width ? squared(x[last], c[last]) : 0;
        }
    }
    return ((sums[0] + sums[4]) + (sums[2] + sums[6])) + ((sums[1] + sums[5]) + (sums[3] + sums[7]));
}

// The squared distance that labels are decided by: float64, with the same roundings as Distance.SquaredExact of the CPU
// engine. Eight running sums, one for each index modulo 8, added up in a fixed tree; the last values are added one by one.
// Eight lanes work together on a row; each gets the result of its eight.
DEVICE double exact_distance(const float* x, const float* c, int dimension) {
    auto exact_square = [&](int d) {
        double difference = (double)x[d] - c[d];
        return difference * difference;
    };
    int whole = dimension / 8 * 8;
    double sum = 0;
#pragma unroll 8
    for (int d = lane_id() & 7; d < whole; d += 8) {
        sum += exact_square(d);
    }
    sum = lanes_sum<8>(sum);
    for (int d = whole; d < dimension; d++) {
        sum += exact_square(d);
    }
    return sum;
}

// The same for fewer than 16 values, by one thread.
DEVICE double exact_distance_of_few(const float* x, const float* c, int dimension) {
    auto exact_square = [&](int d) {
        double difference = (double)x[d] - c[d];
        return difference * difference;
    };
    bool eight = dimension >= 8;
    double sum = 0;
    if (eight) {
        sum = ((exact_square(0) + exact_square(4)) + (exact_square(2) + exact_square(6)))
            + ((exact_square(1) + exact_square(5)) + (exact_square(3) + exact_square(7)));
    }
    for (int d = eight ? 8 : 0; d < dimension; d++) {
        sum += exact_square(d);
    }
    return sum;
}

// Remembers the first place of a row that has no place among the others: it holds no number, or is too large.
DEVICE void report_bad_row(uint64* bad, int64 place) { atomic_min(bad, (uint64)place); }
