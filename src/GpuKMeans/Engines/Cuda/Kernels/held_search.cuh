// Candidates of rows that a warp has left open, found by the warp itself where all centres stay in shared memory: it rounds its rows and
// multiplies once more, and notes every centre whose score is near the best. So none of the kernels is started that look for them elsewhere,
// and most often find nothing to do.
#pragma once
#include "held_rows.cuh"

// What it wants of the arguments, one by one: as a whole they would be copied for the call where the kernel begins.
struct HeldSearch {
    const float* values;
    const int64* index;
    int64 start;
    const float* origin;
    const Extremes* extremes;
    int* candidate_counts;
    int* candidates;
    int dimension;
    int rows;
    int centers;
    int place;      // of the lane's first row

    METHOD HeldSearch(const AssignArgs& a, int place)
        : values(a.rows.values), index(a.rows.index), start(a.rows.start), origin(a.centers.origin), extremes(a.centers.extremes),
          candidate_counts(a.undecided.candidate_counts), candidates(a.undecided.candidates), dimension(a.rows.dimension), rows(a.rows.count),
          centers(a.centers.count), place(place) {}

    METHOD AssignArgs arguments() const {
        AssignArgs a = {};
        a.rows.values = values, a.rows.index = index, a.rows.start = start;
        a.rows.dimension = dimension, a.rows.count = rows;
        a.centers.origin = origin, a.centers.extremes = extremes;
        return a;
    }
};

// `entry`: of the lane's row in the list, or -1 where nothing is looked for. `limit`: the score that its candidates reach. It is rare,
// and the rows are read again, so that it takes no registers from what is not.
template <int Steps>
CALLED void search_held(HeldSearch search, uint values_at, uint extra_at, int entry, int limit) {
    constexpr int Centers = GroupCenters<Steps>, Eights = Centers / 8;
    HeldRows<Steps> rows = hold_rows<Steps>(search.arguments(), search.place);
    int entries[4];
    uint least_bits[4];
#pragma unroll
    for (int r = 0; r < 4; r++) {
        entries[r] = shuffle_of_four(entry, r);
        least_bits[r] = (uint)(shuffle_of_four(limit, r) + LeastBits);
    }
    for (int first = 0; first < search.centers; first += Centers) {
        uint at = (uint)(first / TileCenters) * HeldTileBytes<Steps> + (uint)(first % TileCenters) * 16;
        float sums[2][Eights][4];
        multiply_group<Steps>(sums, rows, values_at + at, extra_at + at);
        uint marks = 0;         // eight for each row
#pragma unroll
        for (int r = 0; r < 4; r++) {
#pragma unroll
            for (int i = 0; i < Eights * 2; i++) {
                bool near = float_bits(sums[r / 2][i / 2][r % 2 * 2 + i % 2]) >= least_bits[r];
                marks |= entries[r] >= 0 && near ? 1u << (r * 8 + i) : 0;
            }
        }
        for (; marks; marks &= marks - 1) {
            int mark = __builtin_ctz(marks), r = mark / 8, i = mark % 8;
            int own = r < 2 ? r == 0 ? entries[0] : entries[1] : r == 2 ? entries[2] : entries[3];
            int slot = atomic_add(search.candidate_counts + own, 1);
            if (slot < MostCandidates) {
                // Padding has zeros, which reach no limit.
                search.candidates[(int64)own * MostCandidates + slot] = first + i / 2 * 8 + (lane_id() & 3) * 2 + i % 2;
            }
        }
    }
}
