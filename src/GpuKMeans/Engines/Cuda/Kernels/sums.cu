// Sums of the rows of each cluster in float64, in a fixed order, and moving the centres by them. Rows come sorted by
// label and cut into segments; a segment is summed by a block, and the block that ends a cluster's last one, of all parts, adds up
// the cluster's segments, one after another.
#include "rows.cuh"
#include "centers.cuh"
#include "clusters.cuh"

constexpr int Threads = 128;

struct Moves {
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

// What a centre counts when it has moved.
DEVICE double moved_count(const Moves& m, int k, double weight) { return m.to_means ? weight : m.counts[k] + weight; }

// Moves a mean and rounds it to the centre that distances are measured to, scaled to unit length if asked. `sum` says
// what the rows' values in a column come to, `weight` what their weights do. Each thread gets its share of the squared distance
// that the centre moved by.
template <typename Sum>
DEVICE double move_center(const Moves& m, int k, double weight, Sum sum, double* scratch) {
    int64 first = (int64)k * m.dimension;
    double step = weight / moved_count(m, k, weight);
    double square = 0;
    for (int d = thread_id(); weight > 0 && d < m.dimension; d += Threads) {
        double mean = m.means[first + d];
        mean = m.to_means ? sum(d) / weight : mean + step * (sum(d) / weight - mean);
        m.means[first + d] = mean;
        square += mean * mean;
    }
    double scale = 1;
    bool moves = weight > 0;
    if (m.normalize && moves) {
        square = block_sum(square, scratch);
        // Rows that cancel out have no mean direction: the centre stays.
        moves = square > 0;
        scale = 1 / root(square);
    }
    double shift = 0;
    float largest = 0;
    for (int d = thread_id(); d < m.dimension; d += Threads) {
        float before = m.values[first + d];
        float value = moves ? (float)(m.means[first + d] * scale) : before;
        double by = (double)value - before;
        shift += by * by;
        m.values[first + d] = value;
        largest = larger(largest, magnitude(value - m.origin[d]));
    }
    largest = lanes_max(largest);
    if (lane_id() == 0) {
        atomic_max_seldom(m.largest, float_bits(largest));
    }
    return shift;
}

// Ends that with the sum of the shares, when all threads have read the count.
DEVICE void end_move(const Moves& m, int k, double weight, double shift) {
    m.shifts[k] = shift;
    if (weight > 0 || m.to_means) {
        m.counts[k] = moved_count(m, k, weight);
    }
}

struct SumArgs {
    Rows rows;
    Clusters clusters;
    double* sums;           // clusters × dimension: the sums that those of these parts are added to, one part after another; or null,
                            // for one part
    double* weights;
    Moves moves;            // where `sums` is null, centres move by what this part gives,
    Rounding rounding;      // and are rounded
    int columns;            // threads side by side over a row: a power of two up to 128
};

// The cluster of a segment after the first.
DEVICE int cluster_of_extra(const Clusters& c, int extra) {
    int low = 0, high = c.count - 1;
    while (low < high) {
        int middle = (low + high) / 2;
        if (c.extras[middle + 1] > extra) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return low;
}

// Whether the block is the last of so many to come here. The counter is 0 before and after.
DEVICE bool comes_last(int* counter, int count) {
    SHARED bool last;
    block_barrier();
    if (thread_id() == 0) {
        // What this block wrote before the count, and what the others wrote before theirs after it.
        memory_barrier();
        last = atomic_add(counter, 1) == count - 1;
        memory_barrier();
        if (last) {
            *counter = 0;
        }
    }
    block_barrier();
    return last;
}

DEVICE double* segment_sums(const Clusters& c, int part, int number, int dimension) {
    return c.sums + ((int64)part * c.part_segments + number) * dimension;
}

// What the segments of a cluster in a part come to, in a column.
DEVICE double cluster_sum(const Clusters& c, int part, int k, int segments, int d, int dimension) {
    double sum = segment_sums(c, part, k, dimension)[d];
#pragma unroll 8
    for (int s = 1; s < segments; s++) {
        sum += segment_sums(c, part, segment_number(c, k, s), dimension)[d];
    }
    return sum;
}

// And their weights. Every thread gets it.
DEVICE double cluster_weight(const Clusters& c, int k, int segments, double* scratch) {
    double weight = 0;
    for (int s = thread_id(); s < segments; s += Threads) {
        weight += c.weights[segment_number(c, k, s)];
    }
    return block_sum(weight, scratch);
}

// Nine blocks find room on a multiprocessor, so that on large GPUs a thousand clusters are summed at once.
GLOBAL BOUNDS(Threads, 9) void sum_segments(SumArgs a) {
    kernel_begins();
    SHARED const float* rows[SegmentRows];
    SHARED float weights[SegmentRows];
    SHARED double sums[Threads];
    SHARED double scratch[32];
    const Clusters c = clusters_of_part(a.clusters, own_part());
    int k = block_id(), segment = 0;
    if (k >= c.count) {
        int extra = k - c.count;
        if (extra >= c.extras[c.count]) {
            return;
        }
        k = cluster_of_extra(c, extra);
        segment = extra - c.extras[k] + 1;
    }
    int begin = c.offsets[k], all = c.offsets[k + 1] - begin, segments = segments_of(all);
    int first = begin + segment * SegmentRows, n = least(begin + all - first, SegmentRows);
    int t = thread_id(), dimension = a.rows.dimension;
    if (!a.sums && t < dimension) {
        // Of use only at the end, and a wait there.
        prefetch_near(a.moves.means + (int64)k * dimension + t);
        prefetch_near(a.moves.values + (int64)k * dimension + t);
        prefetch_near(a.moves.counts + k);
    }
    float own_weight = 0;
    if (t < n) {
        int place = own_part() * c.part_rows + c.places[first + t];
        rows[t] = row_values(a.rows, place);
        own_weight = row_weight(a.rows, place);
        weights[t] = own_weight;
    }
    double weight = a.rows.weights ? block_sum((double)own_weight, scratch) : n;
    if (!a.rows.weights) {
        block_barrier();
    }

    // Of one segment with up to as many columns as threads the sums need not go through memory.
    bool alone = segments == 1 && c.parts == 1, kept = alone && dimension <= Threads;
    int number = segment_number(c, k, segment);
    int side = t / a.columns, sides = Threads / a.columns;
    double sum = 0;
    for (int d = t & (a.columns - 1); d - (t & (a.columns - 1)) < dimension; d += a.columns) {
        sum = 0;
        if (d < dimension) {
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
        if (!kept && side == 0 && d < dimension) {
            segment_sums(c, own_part(), number, dimension)[d] = sum;
        }
    }
    if (!alone) {
        if (t == 0) {
            c.weights[number] = weight;
        }
        int of_all = 0;
        for (int p = 0; p < c.parts; p++) {
            const Clusters part = clusters_of_part(a.clusters, p);
            of_all += segments_of(part.offsets[k + 1] - part.offsets[k]);
        }
        if (!comes_last(c.finished + k, of_all)) {
            return;
        }
    }
    if (!a.sums) {
        weight = alone ? weight : cluster_weight(c, k, segments, scratch);
        auto sum_of = [&](int d) { return kept ? sum : cluster_sum(c, own_part(), k, segments, d, dimension); };
        double shares[3] = {move_center(a.moves, k, weight, sum_of, scratch)};
        if (a.rounding.halves) {
            // A thread rounds the values it has just written.
            round_values(a.rounding, k, t, Threads, shares[1], shares[2]);
        }
        SHARED double scratch_of_shares[3][32];
        block_sums(shares, scratch_of_shares);
        if (t == 0) {
            end_move(a.moves, k, weight, shares[0]);
        }
        if (a.rounding.halves && t < 32) {
            bound_center(a.rounding, k, t, shares[1], shares[2]);
        }
        return;
    }
    for (int p = 0; p < c.parts; p++) {
        const Clusters part = clusters_of_part(a.clusters, p);
        int of_part = segments_of(part.offsets[k + 1] - part.offsets[k]);
        double of_rows = alone ? weight : cluster_weight(part, k, of_part, scratch);
        for (int d = t; d < dimension; d += Threads) {
            a.sums[(int64)k * dimension + d] += kept ? sum : cluster_sum(part, p, k, of_part, d, dimension);
        }
        if (t == 0) {
            a.weights[k] += of_rows;
        }
    }
}

struct MoveArgs {
    const double* sums;     // clusters × dimension, over all parts
    const double* weights;
    Moves moves;
};

// A block a cluster.
GLOBAL BOUNDS(Threads, 1) void move_centers(MoveArgs a) {
    kernel_begins();
    SHARED double scratch[32];
    int k = block_id();
    const double* sums = a.sums + (int64)k * a.moves.dimension;
    double shift = block_sum(move_center(a.moves, k, a.weights[k], [&](int d) { return sums[d]; }, scratch), scratch);
    if (thread_id() == 0) {
        end_move(a.moves, k, a.weights[k], shift);
    }
}
