// Sums of what was found for rows: inertia, weight, and how many labels changed. Blocks of 1024 rows are summed by
// themselves, and the blocks' sums in one fixed order, so that the result depends on the rows alone.
#pragma once
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

// By 256 threads.
DEVICE void total_block(const BlockTotalsArgs& a, int block) {
    SHARED double scratch[32];
    SHARED int scratch_changed[32];
    double inertia = 0, weight = 0;
    int changed = 0;
#pragma unroll
    for (int i = 0; i < 4; i++) {
        int place = block * 1024 + i * 256 + thread_id();
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
        a.totals[block] = Total{inertia, weight, 0, changed, 0};
    }
}

struct FinalTotalArgs {
    const Total* totals;
    const double* shifts;   // null, or one for each centre
    Total* result;          // null where no total is wanted
    uint64* bad_row;
    int64 count;
    int centers;
};

// Sums values, of which value i goes to lane i % 1024: the same bits by any number of warps. `scratch` holds 32 values.
template <typename Value>
DEVICE double sum_by_lane(int64 count, double* scratch, Value value) {
    block_barrier();
    for (int w = warp_id(); w < 32; w += block_threads() / 32) {
        double sum = 0;
        for (int64 i = w * 32 + lane_id(); i < count; i += 1024) {
            sum += value(i);
        }
        sum = lanes_sum(sum);
        if (lane_id() == 0) {
            scratch[w] = sum;
        }
    }
    block_barrier();
    return lanes_sum(scratch[lane_id()]);
}

DEVICE void total_all(const FinalTotalArgs& a) {
    SHARED double scratch[32];
    Total sum = {};
    sum.inertia = sum_by_lane(a.count, scratch, [&](int64 i) { return a.totals[i].inertia; });
    sum.weight = sum_by_lane(a.count, scratch, [&](int64 i) { return a.totals[i].weight; });
    sum.changed = (int64)sum_by_lane(a.count, scratch, [&](int64 i) { return (double)a.totals[i].changed; });
    if (a.shifts) {
        sum.shift = sum_by_lane(a.centers, scratch, [&](int64 k) { return a.shifts[k]; });
    }
    if (thread_id() == 0) {
        sum.bad_row = *a.bad_row;
        *a.result = sum;
    }
}
