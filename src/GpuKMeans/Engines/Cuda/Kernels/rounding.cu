// Rounding listed rows.
#include "rounding.cuh"

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
