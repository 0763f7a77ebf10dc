// Rounding rows for the kernels that do not do it themselves: all of a batch, or the undecided ones.
#include "rounding.cuh"

constexpr int TileRows = 128;
constexpr int Chunk = 64;

// Eight rows by a warp, four lanes a row, in the order of tiles: each row is read once, for all have one scale. Gives the length
// of the lane's row and that of what rounding took away.
template <bool Vectors>
DEVICE float2 round_eight(const AssignArgs& a, float scale, const float* row, half_bits* to) {
    constexpr int Steps = Chunk / 16;
    int dimension = a.rows.dimension, lane = lane_id() & 3;
    float square = 0, residual = 0;
    for (int first = lane * 4; first < a.centers.tiled_columns; first += Chunk) {
        float v[Steps][4], o[Steps][4];
#pragma unroll
        for (int s = 0; s < Steps; s++) {
            read4<Vectors>(v[s], row, first + s * 16, dimension);
            read4<Vectors>(o[s], a.centers.origin, first + s * 16, dimension);
        }
#pragma unroll
        for (int s = 0; s < Steps; s++) {
            uint pair[2];
#pragma unroll
            for (int i = 0; i < 2; i++) {
                float x[2] = {(v[s][i * 2] - o[s][i * 2]) * scale, (v[s][i * 2 + 1] - o[s][i * 2 + 1]) * scale};
                pair[i] = half_pair(x[0], x[1]);
                float lost[2] = {x[0] - half_value(pair[i]), x[1] - half_value(pair[i] >> 16)};
#pragma unroll
                for (int j = 0; j < 2; j++) {
                    square = __builtin_fmaf(x[j], x[j], square);
                    residual = __builtin_fmaf(lost[j], lost[j], residual);
                }
            }
            *(uint64*)(to + tiled_place(0, first + s * 16, TileRows)) = (uint64)pair[1] << 32 | pair[0];
        }
    }
    // What underflows in the squares is lost as well.
    float norm = root(lanes_sum<4>(square)) + 0x1p-30f;
    return float2{norm, root(lanes_sum<4>(residual)) + 0x1p-23f * norm + 0x1p-30f};
}

GLOBAL BOUNDS(128, 1) void round_rows(AssignArgs a) {
    kernel_begins();
    float scale = long_rows_scale(*a.centers.extremes);
    int place = (int)(global_thread() >> 2);        // four lanes a row
    if (place / 8 * 8 >= a.rows.count) {
        return;
    }
    // Places after the last repeat it; what comes of them is not kept.
    const float* row = row_values(a.rows, least(place, a.rows.count - 1));
    half_bits* to = a.halves + (int64)(place / TileRows) * TileRows * a.centers.tiled_columns + tiled_place(place % TileRows, 0, TileRows);
    float2 length = a.rows.dimension % 4 == 0 ? round_eight<true>(a, scale, row, to) : round_eight<false>(a, scale, row, to);
    if ((lane_id() & 3) == 0 && place < a.rows.count) {
        a.scales[place] = length;
    }
}

// A warp takes four rows at a time.
GLOBAL BOUNDS(128, 1) void round_listed_rows(AssignArgs a) {
    kernel_begins();
    if (is_scanned(a)) {
        return;
    }
    int count = *a.undecided.count;
    int columns = a.centers.padded_columns;
    for (int first = (int)(global_thread() >> 5) * 4; first < count; first += grid_blocks() * 16) {
        const float* rows[4];
        int entry[4];
#pragma unroll
        for (int i = 0; i < 4; i++) {
            entry[i] = least(first + i, count - 1);
            rows[i] = row_values(a.rows, a.undecided.places[entry[i]]);
        }
        auto write = [&](int i, int d, uint low, uint high) {
            *(uint64*)(a.halves + (int64)entry[i] * columns + d) = (uint64)high << 32 | low;
        };
        auto finish = [&](int i, float ratio, float margin) { a.scales[entry[i]] = float2{ratio, margin}; };
        if (a.rows.dimension % 4 == 0) {
            round_four<true>(rows, a.centers, a.rows.dimension, columns, write, finish);
        } else {
            round_four<false>(rows, a.centers, a.rows.dimension, columns, write, finish);
        }
    }
}
