// Keeping the centres: float64 means, their float32 roundings, and what the fast assignment reads.
#include "totals.cuh"
#include "centers.cuh"

struct LargestArgs {
    const float* values;    // count × dimension
    const float* origin;
    uint* largest;          // zeroed before
    int dimension;
};

// The largest magnitude of a value less the origin. A block a centre.
GLOBAL BOUNDS(128, 1) void find_largest(LargestArgs a) {
    kernel_begins();
    float largest = 0;
    for (int d = thread_id(); d < a.dimension; d += 128) {
        largest = larger(largest, magnitude(a.values[(int64)block_id() * a.dimension + d] - a.origin[d]));
    }
    largest = lanes_max(largest);
    if (lane_id() == 0) {
        atomic_max(a.largest, float_bits(largest));
    }
}

struct PrepareArgs {
    const float* values;
    const float* origin;
    half_bits* halves;
    half_bits* tiles_of_halves;     // null where they are not used
    float* half_squares;
    Extremes* extremes;
    int count;
    int dimension;
    int padded_count;
    int padded_columns;
    int tiled_columns;
    int tile_centers;
    FinalTotalArgs total;           // for the block behind those of the centres, where there is one
};

// Rounds the centres, less the origin, to half precision, and bounds what that takes away. A warp a centre.
GLOBAL BOUNDS(128, 1) void prepare_centers(PrepareArgs a) {
    kernel_begins();
    int k = (int)(global_thread() >> 5);
    if (k >= a.padded_count) {
        total_all(a.total);
        return;
    }
    bool is_short = a.tiles_of_halves && a.dimension <= ShortColumns;
    int tile_columns = is_short ? short_columns(a.dimension) : a.tiled_columns;     // without those after the values
    auto put = [&](int d, half_bits h) {
        if (d < a.padded_columns) {
            a.halves[(int64)k * a.padded_columns + d] = h;
        }
        if (a.tiles_of_halves) {
            int column = is_short && d < tile_columns ? short_column(d) : d;
            int tile = k / a.tile_centers * a.tile_centers;
            a.tiles_of_halves[(int64)tile * a.tiled_columns + tiled_place(k - tile, column, a.tile_centers)] = h;
        }
    };
    int columns = a.tiles_of_halves ? tile_columns : a.padded_columns;
    if (k >= a.count) {
        for (int d = lane_id(); d < (is_short ? a.tiled_columns : columns); d += 32) {
            put(d, 0);
        }
        if (lane_id() == 0) {
            a.half_squares[k] = a.tiles_of_halves && !is_short ? infinity() : PaddingHalfSquare;
        }
        return;
    }
    const float* values = a.values + (int64)k * a.dimension;
    float scale = power_of_two(half_scale_exponent(bits_float(a.extremes->largest)));
    double square = 0;
    float residual = 0;
    for (int d = lane_id(); d < columns; d += 32) {
        float shifted = 0;
        if (d < a.dimension) {
            double exact = ((double)values[d] - a.origin[d]) * scale;
            square = __builtin_fma(exact, exact, square);
            shifted = (values[d] - a.origin[d]) * scale;
        }
        half_bits h = half_round(shifted);
        float lost = shifted - half_value(h);
        residual = __builtin_fmaf(lost, lost, residual);
        put(d, h);
    }
    square = lanes_sum(square);
    residual = lanes_sum(residual);
    float half_square = (float)(0.5 * square);
    if (is_short && lane_id() < a.tiled_columns - tile_columns) {
        half_bits whole = half_round(-half_square * ShortSquareScale);
        half_bits rest = half_round(-half_square * ShortSquareScale - half_value(whole));
        int i = lane_id();
        put(tile_columns + i, i == 0 ? half_round(ShortOffset) : i == 1 ? whole : i == 2 ? rest : 0);
    }
    if (lane_id() == 0) {
        // The shift itself rounds: by 2^-24 of each value at most.
        float norm = root((float)square) * 1.000001f;
        a.half_squares[k] = half_square;
        atomic_max_seldom(&a.extremes->norm, float_bits(norm));
        atomic_max_seldom(&a.extremes->residual, float_bits(root(residual) + 0x1p-23f * norm));
        atomic_max_seldom(&a.extremes->half_square, float_bits(half_square));
    }
}

struct ReseedArgs {
    Rows rows;
    const int* clusters;    // rows.count of them
    double* means;
    float* values;
    double* counts;
    double count;
};

// Puts centres on rows. A block a row.
GLOBAL BOUNDS(128, 1) void reseed_centers(ReseedArgs a) {
    kernel_begins();
    int64 first = (int64)a.clusters[block_id()] * a.rows.dimension;
    const float* row = row_values(a.rows, block_id());
    for (int d = thread_id(); d < a.rows.dimension; d += 128) {
        a.means[first + d] = row[d];
        a.values[first + d] = row[d];
    }
    if (thread_id() == 0) {
        a.counts[a.clusters[block_id()]] = a.count;
    }
}
