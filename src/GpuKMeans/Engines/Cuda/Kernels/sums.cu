// Sums of the rows of each cluster in float64, in a fixed order, and moving the centres by them. Rows come sorted by
// label and cut into segments; a segment is summed by a block, and the block that ends a cluster's last one, of all parts, adds up
// the cluster's segments, one after another.
#include "moves.cuh"
#include "clusters.cuh"

struct SumArgs {
    Rows rows;
    Clusters clusters;
    double* sums;           // clusters × dimension: the sums that those of these parts are added to, one part after another; or null,
                            // for one part
    double* weights;
    Moves moves;            // where `sums` is null, centres move by what this part gives,
    Rounding rounding;      // and are rounded
    int columns;            // see sum_columns
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
    for (int s = thread_id(); s < segments; s += MoveThreads) {
        weight += c.weights[segment_number(c, k, s)];
    }
    return block_sum(weight, scratch);
}

// Nine blocks find room on a multiprocessor, so that on large GPUs a thousand clusters are summed at once.
GLOBAL BOUNDS(MoveThreads, 9) void sum_segments(SumArgs a) {
    kernel_begins();
    SHARED const float* rows[SegmentRows];
    SHARED float weights[SegmentRows];
    SHARED double passed[4][MoveThreads];
    SHARED double own_sums[MoveThreads];
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

    // Of one segment with up to so many columns the sums stay in the block.
    bool alone = segments == 1 && c.parts == 1, kept = alone && dimension <= MoveThreads;
    int number = segment_number(c, k, segment);
    double* to = segment_sums(c, own_part(), number, dimension);
    sum_columns(rows, weights, n, dimension, a.columns, passed, [&](int d, double sum) { (kept ? own_sums : to)[d] = sum; });
    block_barrier();
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
        auto sum_of = [&](int d) { return kept ? own_sums[d] : cluster_sum(c, own_part(), k, segments, d, dimension); };
        uint largest = a.rounding.halves ? a.rounding.extremes->largest : 0, limit = a.rounding.halves ? a.rounding.extremes->limit : 0;
        move_and_round(a.moves, a.rounding, largest, limit, a.rounding.extremes, k, weight, sum_of, scratch);
        return;
    }
    for (int p = 0; p < c.parts; p++) {
        const Clusters part = clusters_of_part(a.clusters, p);
        int of_part = segments_of(part.offsets[k + 1] - part.offsets[k]);
        double of_rows = alone ? weight : cluster_weight(part, k, of_part, scratch);
        for (int d = t; d < dimension; d += MoveThreads) {
            a.sums[(int64)k * dimension + d] += kept ? own_sums[d] : cluster_sum(part, p, k, of_part, d, dimension);
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
    Lengths lengths;
};

// A block a cluster.
GLOBAL BOUNDS(MoveThreads, 1) void move_centers(MoveArgs a) {
    kernel_begins();
    SHARED double scratch[32];
    int k = block_id();
    const double* sums = a.sums + (int64)k * a.moves.dimension;
    float largest;
    double shift = block_sum(move_center(a.moves, k, a.weights[k], [&](int d) { return sums[d]; }, scratch, largest), scratch);
    if (thread_id() == 0) {
        end_move(a.moves, k, a.weights[k], shift);
    }
    measure_length(a.lengths, a.moves.values + (int64)k * a.moves.dimension, a.moves.origin, k, a.moves.dimension, grid_blocks());
}
