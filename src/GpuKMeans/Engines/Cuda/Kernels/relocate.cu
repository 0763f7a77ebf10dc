// Giving an empty cluster a row, before the centres of a Lloyd iteration move.
#include "rows.cuh"

struct RelocateArgs {
    const float* values;    // the row
    double* sums;
    double* weights;
    double weight;
    int from;
    int to;
    int dimension;
};

// Takes a row from one cluster's sums and makes it the whole of another's. One block.
GLOBAL BOUNDS(128, 1) void relocate_row(RelocateArgs a) {
    for (int d = thread_id(); d < a.dimension; d += 128) {
        double v = a.weight * a.values[d];
        a.sums[(int64)a.from * a.dimension + d] -= v;
        a.sums[(int64)a.to * a.dimension + d] = v;
    }
    if (thread_id() == 0) {
        a.weights[a.from] -= a.weight;
        a.weights[a.to] = a.weight;
    }
}
