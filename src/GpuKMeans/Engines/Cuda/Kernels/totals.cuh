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

DEVICE void total_block(const BlockTotalsArgs& a, int block) {
    SHARED double scratch[32];
    SHARED int scratch_changed[32];
    double inertia = 0, weight = 0;
    int changed = 0;
#pragma unroll 4
    for (int i = thread_id(); i < 1024; i += block_threads()) {
        int place = block * 1024 + i;
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

// By a block of up to 1024 threads.
DEVICE void total_all(const FinalTotalArgs& a) {
    SHARED double scratch[4][32];
    int threads = block_threads();
    double figures[4] = {};
#pragma unroll 2
    for (int64 i = thread_id(); i < a.count; i += threads) {
        Total of_rows = a.totals[i];
        figures[0] += of_rows.inertia;
        figures[1] += of_rows.weight;
        figures[2] += (double)of_rows.changed;
    }
#pragma unroll 8
    for (int k = thread_id(); k < (a.shifts ? a.centers : 0); k += threads) {
        figures[3] += a.shifts[k];
    }
    block_sums(figures, scratch);
    if (thread_id() == 0) {
        *a.result = Total{figures[0], figures[1], figures[3], (int64)figures[2], *a.bad_row};
    }
}

// What blocks total beside the work of others.
struct TotalsBeside {
    BlockTotalsArgs of_rows;
    FinalTotalArgs before;      // of the step before, for one more block, where it is asked for
    int blocks;                 // for the rows
};

DEVICE void total_beside(const TotalsBeside& a, int block) {
    if (block < a.blocks) {
        total_block(a.of_rows, block);
    } else {
        total_all(a.before);
    }
}
