// The second half of a mini-batch step, where the batch is small and rows are short: each cluster finds its rows among all by itself, adds
// them up in their order in float64, and moves and rounds its centre. Looking through the labels takes less time than a kernel that sorts
// them.
#include "moves.cuh"
#include "totals.cuh"

constexpr int MostStepRows = 16384;
constexpr int StepRows = 128;       // that are added up at once
constexpr int ReadFours = 8;        // of labels, that a thread has under way

struct StepArgs {
    Rows rows;
    const int* labels;
    Moves moves;
    Rounding rounding;      // its extremes are those of the centres as they were
    Extremes* next;         // zeros; takes those of the centres as they are then
    Extremes* after_next;   // becomes zeros
    TotalsBeside beside;    // for the blocks behind the clusters
    int columns;            // see sum_columns
};

// Sets a bit for each row of the cluster. Ends with a barrier.
DEVICE void find_members(const StepArgs& a, int k, uint (&members)[MostStepRows / 32]) {
    int t = thread_id(), fours = a.rows.count / 4;
    for (int w = t; w * 32 < a.rows.count; w += MoveThreads) {
        members[w] = 0;
    }
    block_barrier();
    for (int first = t; first < fours; first += MoveThreads * ReadFours) {
        int4 labels[ReadFours];
#pragma unroll
        for (int i = 0; i < ReadFours; i++) {
            labels[i] = ((const int4*)a.labels)[least(first + i * MoveThreads, fours - 1)];     // the last may come more than once
        }
#pragma unroll
        for (int i = 0; i < ReadFours; i++) {
            const int4& l = labels[i];
            if (l.x == k || l.y == k || l.z == k || l.w == k) {
                uint four = (l.x == k ? 1u : 0) | (l.y == k ? 2u : 0) | (l.z == k ? 4u : 0) | (l.w == k ? 8u : 0);
                int at = least(first + i * MoveThreads, fours - 1);
                atomic_or(members + at / 8, four << at % 8 * 4);
            }
        }
    }
    if (t < a.rows.count % 4 && a.labels[fours * 4 + t] == k) {
        atomic_or(members + fours / 8, 1u << (fours % 8 * 4 + t));
    }
    block_barrier();
}

// A block a cluster, and behind them those that total.
GLOBAL BOUNDS(MoveThreads, 8) void step_centers(StepArgs a) {
    kernel_begins();
    SHARED uint members[MostStepRows / 32];
    SHARED int places[StepRows];
    SHARED const float* rows[StepRows];
    SHARED float weights[StepRows];
    SHARED double passed[4][MoveThreads];
    SHARED double sums[MoveThreads];    // no more columns than threads
    SHARED double scratch[32];
    SHARED int scratch_of_counts[33];
    constexpr int ThreadWords = MostStepRows / 32 / MoveThreads;
    int k = block_id(), t = thread_id(), dimension = a.rows.dimension, count = a.rounding.count;
    if (k >= count) {
        total_beside(a.beside, k - count);
        return;
    }
    if (t < dimension) {
        // Of use only at the end, and a wait there.
        prefetch_near(a.moves.means + (int64)k * dimension + t);
        prefetch_near(a.moves.values + (int64)k * dimension + t);
        prefetch_near(a.moves.counts + k);
    }

    uint seen = a.rounding.extremes->seen, limit = a.rounding.extremes->limit;
    if (k == 0 && t == 0) {
        a.next->largest = seen;
        a.next->limit = limit;
        *a.after_next = Extremes{};
    }
    find_members(a, k, members);
    uint own[ThreadWords];
    int own_count = 0, all;
#pragma unroll
    for (int w = 0; w < ThreadWords; w++) {
        own[w] = (t * ThreadWords + w) * 32 < a.rows.count ? members[t * ThreadWords + w] : 0;
        own_count += __builtin_popcount(own[w]);
    }
    int ahead = block_prefix(own_count, scratch_of_counts, all);
    double weight = 0;
    if (t < dimension) {
        sums[t] = 0;
    }
    for (int first = 0; first < all; first += StepRows) {
        int n = least(all - first, StepRows), slot = ahead - first;
#pragma unroll
        for (int w = 0; w < ThreadWords; w++) {
            for (uint left = own[w]; left; left &= left - 1, slot++) {
                if (slot >= 0 && slot < StepRows) {
                    places[slot] = (t * ThreadWords + w) * 32 + __builtin_ctz(left);
                }
            }
        }
        block_barrier();
        float own_weight = 0;
        if (t < n) {
            rows[t] = row_values(a.rows, places[t]);
            own_weight = row_weight(a.rows, places[t]);
            weights[t] = own_weight;
        }
        weight += a.rows.weights ? block_sum((double)own_weight, scratch) : n;
        block_barrier();
        sum_columns(rows, weights, n, dimension, a.columns, passed, [&](int d, double sum) { sums[d] += sum; });
        block_barrier();        // the next rows come into the same memory
    }

    move_and_round(a.moves, a.rounding, seen, limit, a.next, k, weight, [&](int d) { return sums[d]; }, scratch);
}
