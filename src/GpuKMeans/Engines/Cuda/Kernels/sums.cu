// Sums of the rows of each cluster in float64, in a fixed order, and moving the centres by them. Rows come sorted by
// label and cut into segments; a segment is summed by a block, a cluster's segments one after another.
#include "rows.cuh"

constexpr int Threads = 128;
constexpr int SegmentRows = 128;

struct Clusters {
    const int* places;      // of the batch, sorted by label
    const int* offsets;     // where each cluster begins among them
    const int* segments;    // the first segment of each cluster
    double* sums;           // segments × dimension
    double* weights;        // segments
    int count;
};

struct SumArgs {
    Rows rows;
    Clusters clusters;
    int columns;            // threads side by side over a row: a power of two up to 128
};

DEVICE int cluster_of(const Clusters& c, int segment) {
    int low = 0, high = c.count - 1;
    while (low < high) {
        int middle = (low + high) / 2;
        if (c.segments[middle + 1] > segment) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return low;
}

GLOBAL BOUNDS(Threads, 1) void sum_segments(SumArgs a) {
    SHARED const float* rows[SegmentRows];
    SHARED float weights[SegmentRows];
    SHARED double sums[Threads];
    SHARED double scratch[32];
    const Clusters& c = a.clusters;
    int segment = block_id();
    if (segment >= c.segments[c.count]) {
        return;
    }
    int k = cluster_of(c, segment);
    int first = c.offsets[k] + (segment - c.segments[k]) * SegmentRows;
    int n = least(c.offsets[k + 1] - first, SegmentRows);
    int t = thread_id();
    float weight = 0;
    if (t < n) {
        int place = c.places[first + t];
        rows[t] = row_values(a.rows, place);
        weight = row_weight(a.rows, place);
        weights[t] = weight;
    }
    double total = block_sum((double)weight, scratch);
    if (t == 0 && block_id_y() == 0) {
        c.weights[segment] = total;
    }

    int d = block_id_y() * a.columns + (t & (a.columns - 1));
    int side = t / a.columns, sides = Threads / a.columns;
    double sum = 0;
    if (d < a.rows.dimension) {
#pragma unroll 8
        for (int i = side; i < n; i += sides) {
            sum = __builtin_fma((double)weights[i], (double)rows[i][d], sum);
        }
    }
    if (sides > 1) {
        sums[t] = sum;
        block_barrier();
        for (int s = 1; s < sides && side == 0; s++) {
            sum += sums[s * a.columns + t];
        }
    }
    if (side == 0 && d < a.rows.dimension) {
        c.sums[(int64)segment * a.rows.dimension + d] = sum;
    }
}

DEVICE double cluster_sum(const Clusters& c, int k, int d, int dimension) {
    double sum = 0;
#pragma unroll 8
    for (int s = c.segments[k]; s < c.segments[k + 1]; s++) {
        sum += c.sums[(int64)s * dimension + d];
    }
    return sum;
}

DEVICE double cluster_weight(const Clusters& c, int k, double* scratch) {
    double sum = 0;
    for (int s = c.segments[k] + thread_id(); s < c.segments[k + 1]; s += Threads) {
        sum += c.weights[s];
    }
    return block_sum(sum, scratch);
}

struct AddArgs {
    Clusters clusters;
    double* sums;           // clusters × dimension
    double* weights;
    int dimension;
};

// Adds what one part of the data gave to the sums over all of it. A block a cluster.
GLOBAL BOUNDS(Threads, 1) void add_sums(AddArgs a) {
    SHARED double scratch[32];
    int k = block_id();
    double weight = cluster_weight(a.clusters, k, scratch);
    for (int d = thread_id(); d < a.dimension; d += Threads) {
        a.sums[(int64)k * a.dimension + d] += cluster_sum(a.clusters, k, d, a.dimension);
    }
    if (thread_id() == 0) {
        a.weights[k] += weight;
    }
}

struct MoveArgs {
    Clusters clusters;      // of a batch in one part; unused where `sums` is given
    const double* sums;     // sums over all parts, or null
    const double* weights;
    double* means;
    double* counts;
    double* shifts;         // takes the squared distance each centre moved
    float* values;
    const float* origin;
    uint* largest;          // zeroed before: takes the largest magnitude of a value less the origin
    int dimension;
    int normalize;
    int to_means;           // centres become the means of the rows; else the running means of all they were given
};

// Moves a mean and rounds it to the centre that distances are measured to, scaled to unit length if asked. A block a
// cluster.
GLOBAL BOUNDS(Threads, 1) void move_centers(MoveArgs a) {
    SHARED double scratch[32];
    int k = block_id();
    int64 first = (int64)k * a.dimension;
    double weight = a.sums ? a.weights[k] : cluster_weight(a.clusters, k, scratch);
    double count = a.to_means ? weight : a.counts[k] + weight;
    double step = weight / count;
    double square = 0;
    for (int d = thread_id(); weight > 0 && d < a.dimension; d += Threads) {
        double mean = a.means[first + d];
        double sum = a.sums ? a.sums[first + d] : cluster_sum(a.clusters, k, d, a.dimension);
        mean = a.to_means ? sum / weight : mean + step * (sum / weight - mean);
        a.means[first + d] = mean;
        square += mean * mean;
    }
    double scale = 1;
    bool moves = weight > 0;
    if (a.normalize && moves) {
        square = block_sum(square, scratch);
        // Rows that cancel out have no mean direction: the centre stays.
        moves = square > 0;
        scale = 1 / root(square);
    }
    double shift = 0;
    float largest = 0;
    for (int d = thread_id(); d < a.dimension; d += Threads) {
        float before = a.values[first + d];
        float value = moves ? (float)(a.means[first + d] * scale) : before;
        double by = (double)value - before;
        shift += by * by;
        a.values[first + d] = value;
        largest = larger(largest, magnitude(value - a.origin[d]));
    }
    shift = block_sum(shift, scratch);
    largest = lanes_max(largest);
    if (lane_id() == 0) {
        atomic_max(a.largest, float_bits(largest));
    }
    if (thread_id() == 0) {
        a.shifts[k] = shift;
        if (weight > 0 || a.to_means) {
            a.counts[k] = count;
        }
    }
}
