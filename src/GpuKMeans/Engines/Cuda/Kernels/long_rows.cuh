// Rows that all have one scale, for kernels that round them before they know how long they are. And rows of more than 128 values,
// rounded tile by tile into global memory in the order in which the tensor cores of Hopper take them, from where bulk copies bring
// them as often as there are tiles of centres: what is read back so soon is still in the second-level cache.
#pragma once
#include "keys.cuh"
#include "rounding.cuh"

constexpr int LongTileRows = 128;
constexpr int LongChunk = 64;           // columns that are copied at once
constexpr int EightRows = 8;            // which a warp rounds at once, four lanes a row
constexpr int ColumnsAhead = 512;       // so many columns before they are read, rows are sent for

template <bool Vectors>
DEVICE void read4_once(float (&v)[4], const float* row, int d, int dimension, uint64 policy) {
    if constexpr (Vectors) {
        load4_once(v, row + d, policy, d, dimension);
    } else {
        read4<false>(v, row, d, dimension);
    }
}

// Sends for columns of a row, or, beyond its end, of the row that comes next. Of a row's four lanes two take a line each.
DEVICE void send_ahead(const float* row, const float* next, int d, int columns, int dimension) {
    int lane = lane_id() & 3;
    const float* from = d < columns ? row : next;
    d = (d < columns ? d : d - columns) + lane * 32;
    if (lane < LongChunk / 32 && d < dimension) {
        prefetch(from + d);
    }
}

// Rounds four neighbours, and adds up the squares of them and of what that takes away.
DEVICE void round_neighbours(const float (&v)[4], float scale, const float4& o, half_bits* to, float& square, float& residual) {
    float x[4] = {__builtin_fmaf(v[0], scale, o.x), __builtin_fmaf(v[1], scale, o.y), __builtin_fmaf(v[2], scale, o.z),
        __builtin_fmaf(v[3], scale, o.w)};
    uint pair[2] = {half_pair(x[0], x[1]), half_pair(x[2], x[3])};
#pragma unroll
    for (int i = 0; i < 4; i++) {
        square = __builtin_fmaf(x[i], x[i], square);
        float lost = x[i] - half_value(pair[i / 2] >> (i % 2 * 16));
        residual = __builtin_fmaf(lost, lost, residual);
    }
    *(uint64*)to = (uint64)pair[1] << 32 | pair[0];
}

// Rounds the lane's row of eight and gives its length and that of what rounding took away, in units of the rows' scale. Columns
// are read while those before them are rounded. `origin` is the negative of it, in that unit, in shared memory.
template <bool Vectors>
DEVICE float2 round_eight(const AssignArgs& a, const float* row, const float* next, const float* origin, half_bits* to, float scale,
    uint64 policy) {
    constexpr int Steps = LongChunk / 16;
    int dimension = a.rows.dimension, columns = a.centers.tiled_columns, lane = lane_id() & 3;
    float square = 0, residual = 0;
    auto read = [&](float (&v)[Steps][4], int chunk) {
#pragma unroll
        for (int s = 0; s < Steps; s++) {
            read4_once<Vectors>(v[s], row, chunk * LongChunk + s * 16 + lane * 4, dimension, policy);
        }
        send_ahead(row, next, chunk * LongChunk + ColumnsAhead, columns, dimension);
    };
    auto round = [&](const float (&v)[Steps][4], int chunk) {
#pragma unroll
        for (int s = 0; s < Steps; s++) {
            float4 o = load4(origin + chunk * LongChunk + s * 16 + lane * 4);
            round_neighbours(v[s], scale, o, to + tiled_place(0, chunk * LongChunk + s * 16, LongTileRows), square, residual);
        }
    };
    int chunks = columns / LongChunk;
    float even[Steps][4], odd[Steps][4];
    read(even, 0);
    for (int c = 0; c < chunks; c += 2) {
        read(odd, c + 1);
        round(even, c);
        read(even, c + 2);
        if (c + 1 < chunks) {
            round(odd, c + 1);
        }
    }
    return float2{near_root(lanes_sum<4>(square)), near_root(lanes_sum<4>(residual))};
}

// What a row's scores are off by, in units of their scale: see score_margin, but that scores are sums of 2^24 and more, which
// rounds them by half a unit twice; and the pass over open rows rounds them once more. `summed` columns are added up on the tensor
// cores, or what comes to as much.
DEVICE float long_margin(const Relevant& r, float norm, float residual, float ratio, int columns, int summed) {
    float c = r.norm, lost = r.residual;
    float x = norm + residual;
    float sums = (float)(summed + 16) * (1.125f * 0x1p-23f);
    float error = residual * c + x * lost + sums * x * (c + lost) + 0x1p-22f * (norm * c + ratio * r.half_square)
        + r.units * 1.5f * KeyUnit;
    return 2 * error * (1.0005f + (float)columns * 0x1p-24f);
}

// How the scores of a lane's two rows are scaled, and what they are off by.
struct LongScale {
    float ratio;            // of the scores' scale to the centres'
    float products;         // of the scores' scale to that of products
    int margins[2];
};

DEVICE LongScale long_scale(const AssignArgs& a, const float2 (&lengths)[2], int summed) {
    constexpr float Shift = 1 << RowsShift;
    int columns = a.centers.tiled_columns;
    Extremes extremes = *a.centers.extremes;
    float norm = larger(lengths[0].x, lengths[1].x) * Shift;
    float most = 1.01f * (norm * bits_float(extremes.norm) + bits_float(extremes.half_square));
    LongScale s;
    s.ratio = power_of_two(clamp(KeyRangeExponent - 1 - exponent(most), -100, 20));
    s.products = s.ratio * Shift;
    float longest = smaller(reach_of(extremes), 0x1p34f) * s.ratio;
#pragma unroll
    for (int r = 0; r < 2; r++) {
        // What underflows in the squares is lost as well.
        float own = lengths[r].x * s.products + 0x1p-30f;
        float lost = lengths[r].y * s.products + 0x1p-23f * own + 0x1p-30f;
        Relevant of_row = relevant_to(extremes, lengths[r].x * Shift, columns);
        s.margins[r] = own < longest ? key_margin(long_margin(of_row, own, lost, s.ratio, columns, summed)) : MostKeyMargin;
    }
    return s;
}
