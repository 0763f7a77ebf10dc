// Sums of what was found for rows: inertia, weight, and how many labels changed. Blocks of 1024 rows are summed by
// themselves, and the blocks' sums in one fixed order, so that the result depends on the rows alone.
#include "rows.cuh"

struct Total {
    double inertia;
    double weight;
    double shift;
    int64 changed;
    uint64 bad_row;         // the first place of a row that cannot be used
};

struct BlockTotalsArgs {
    Rows rows;
    const float* distances;
    const int* labels;      // null where changes are not counted
    int* labels_before;     // takes the labels
    Total* totals;          // one for each 1024 rows
};

GLOBAL BOUNDS(256, 1) void block_totals(BlockTotalsArgs a) {
    SHARED double scratch[32];
    SHARED int scratch_changed[32];
    double inertia = 0, weight = 0;
    int changed = 0;
#pragma unroll
    for (int i = 0; i < 4; i++) {
        int place = block_id() * 1024 + i * 256 + thread_id();
        if (place < a.rows.count) {
            float w = row_weight(a.rows, place);
            // A row of no weight counts nothing, however far.
            inertia += w > 0 ? (double)w * a.distances[place] : 0;
            weight += w;
            if (a.labels) {
                changed += a.labels[place] != a.labels_before[place];
                a.labels_before[place] = a.labels[place];
            }
        }
    }
    inertia = block_sum(inertia, scratch);
    weight = block_sum(weight, scratch);
    changed = block_sum(changed, scratch_changed);
    if (thread_id() == 0) {
        a.totals[block_id()] = Total{inertia, weight, 0, changed, 0};
    }
}

struct FinalTotalArgs {
    const Total* totals;
    const double* shifts;   // null, or one for each centre
    Total* result;
    uint64* bad_row;
    int64 count;
    int centers;
};

// One block.
GLOBAL BOUNDS(1024, 1) void final_total(FinalTotalArgs a) {
    SHARED double scratch[32];
    Total sum = {};
    for (int64 i = thread_id(); i < a.count; i += 1024) {
        sum.inertia += a.totals[i].inertia;
        sum.weight += a.totals[i].weight;
        sum.changed += a.totals[i].changed;
    }
    for (int k = thread_id(); a.shifts && k < a.centers; k += 1024) {
        sum.shift += a.shifts[k];
    }
    sum.inertia = block_sum(sum.inertia, scratch);
    sum.weight = block_sum(sum.weight, scratch);
    sum.shift = block_sum(sum.shift, scratch);
    double changed = block_sum((double)sum.changed, scratch);
    if (thread_id() == 0) {
        sum.changed = (int64)changed;
        sum.bad_row = *a.bad_row;
        *a.result = sum;
    }
}
