// Candidates of rows that a warp has left open, found by the warp itself where all centres stay in shared memory: once it is through with
// its rows it rounds those tiles again that have any, multiplies once more, and notes every centre whose score is near the best. So none
// of the kernels is started that look for them elsewhere, and most often find nothing to do. It is rare, and takes no registers from what
// is not, as it is called when nothing else is left to do.
#pragma once
#include "held_rows.cuh"

// Until a row is settled its label may say that it is open, and its entry in the list.
DEVICE int label_of_entry(int entry) { return ~entry; }
DEVICE int entry_of_label(int label) { return ~label; }     // negative for labels of other rows

// Of a tile, whose first row of the lane is at `place`. `entry`: of the row that the lane's number in its quad says, or negative.
// `limit`: the score that its candidates reach.
template <int Steps>
DEVICE void search_tile(const AssignArgs& a, uint values_at, uint extra_at, int place, int entry, int limit) {
    constexpr int Centers = GroupCenters<Steps>, Eights = Centers / 8;
    HeldRows<Steps> rows = hold_rows<Steps>(a, place);
    int entries[4];
    uint least_bits[4];
#pragma unroll
    for (int r = 0; r < 4; r++) {
        entries[r] = shuffle_of_four(entry, r);
        least_bits[r] = (uint)(shuffle_of_four(limit, r) + LeastBits);
    }
    for (int first = 0; first < a.centers.count; first += Centers) {
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
            int slot = atomic_add(a.undecided.candidate_counts + own, 1);
            if (slot < MostCandidates) {
                // Padding has zeros, which reach no limit.
                a.undecided.candidates[(int64)own * MostCandidates + slot] = first + i / 2 * 8 + (lane_id() & 3) * 2 + i % 2;
            }
        }
    }
}

// All tiles of the warp. It wants no address that would be kept for it, and its arguments one by one: as a whole they would be copied for
// the call where the kernel begins.
template <int Steps, int Warps>
CALLED void search_held(const float* values, const int64* index, int64 start, int dimension, int rows, const float* origin, const Extremes* extremes,
    int centers, const int* labels, const float* thresholds, int* candidate_counts, int* candidates) {
    constexpr int BlockRows = Warps * HeldRowsOfWarp;
    DYNAMIC_SHARED(shared, 128);
    AssignArgs a = {};
    a.rows.values = values, a.rows.index = index, a.rows.start = start, a.rows.dimension = dimension, a.rows.count = rows;
    a.centers.origin = origin, a.centers.extremes = extremes, a.centers.count = centers;
    a.undecided.candidate_counts = candidate_counts, a.undecided.candidates = candidates;
    uint at = shared_address(shared), values_at = lane_values(at), extra_at = lane_extra(at);
    warp_barrier();     // what is listed comes before what is found
    for (int first = block_id() * BlockRows + warp_id() * HeldRowsOfWarp; first < rows; first += grid_blocks() * BlockRows) {
        int place = first + (lane_id() >> 2), row = place + (lane_id() & 3) * 8;
        int entry = row < rows ? entry_of_label(labels[row]) : -1;
        if (any_lane(entry >= 0)) {
            search_tile<Steps>(a, values_at, extra_at, place, entry, entry >= 0 ? (int)thresholds[entry] : 0);
        }
    }
}
