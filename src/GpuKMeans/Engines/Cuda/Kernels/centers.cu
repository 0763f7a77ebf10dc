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
    Rounding rounding;
    FinalTotalArgs total;           // for the block behind those of the centres, where there is one
};

// Rounds all centres. A warp a centre.
GLOBAL BOUNDS(128, 1) void prepare_centers(PrepareArgs a) {
    kernel_begins();
    const Rounding& r = a.rounding;
    int k = (int)(global_thread() >> 5);
    if (k >= r.padded_count) {
        total_all(a.total);
        return;
    }
    if (global_thread() == 0) {
        r.extremes->seen = r.extremes->largest;
    }
    if (k < r.count) {
        round_center(r, k, lane_id(), 32, [](double v) { return lanes_sum(v); });
        return;
    }
    for (int d = lane_id(); d < (rounds_short(r) ? r.tiled_columns : rounded_columns(r)); d += 32) {
        put_half(r, k, d, 0);
    }
    if (lane_id() == 0) {
        r.half_squares[k] = r.tiles_of_halves && !rounds_short(r) ? infinity() : PaddingHalfSquare;
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
