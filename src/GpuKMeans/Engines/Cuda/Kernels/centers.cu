// Keeping the centres: float64 means, their float32 roundings, and what the fast assignment reads.
#include "totals.cuh"
#include "centers.cuh"

struct CenterArgs {
    const float* values;    // count × dimension
    const float* origin;
    Lengths lengths;
    TwinSlot* table;        // zeroed before
    int* slots;             // takes the place of each centre in the table
    int slots_less_one;     // of the table: a power of two, at least twice as many as there are centres, less one
    int count;
    int dimension;
};

// Spreads the bits of a number over all of it (the finaliser of MurmurHash3, which is in the public domain).
DEVICE uint64 spread(uint64 v) {
    v = (v ^ v >> 33) * 0xFF51AFD7ED558CCDull;
    v = (v ^ v >> 33) * 0xC4CEB9FE1A85EC53ull;
    return v ^ v >> 33;
}

// Finds how long centres are, and their places among those with equal values. A block a centre.
GLOBAL BOUNDS(LengthThreads, 1) void measure_centers(CenterArgs a) {
    kernel_begins();
    SHARED uint64 scratch[32];
    const float* values = a.values + (int64)block_id() * a.dimension;
    uint64 number = 0;
    for (int d = thread_id(); d < a.dimension; d += LengthThreads) {
        // Zero has two signs.
        number += spread((uint64)d << 32 | float_bits(values[d] + 0.0f));
    }
    number = block_sum(number, scratch);
    if (thread_id() == 0) {
        number = number == 0 ? 1 : number;
        int slot = (int)number & a.slots_less_one;
        while (true) {
            uint64 there = atomic_exchange_if(&a.table[slot].number, 0, number);
            if (there == 0 || there == number) {
                break;
            }
            slot = (slot + 1) & a.slots_less_one;
        }
        atomic_max(&a.table[slot].first, a.count - block_id());
        a.slots[block_id()] = slot;
    }
    measure_length(a.lengths, values, a.origin, block_id(), a.dimension, a.count);
}

// Whether the centre is equal to one before it: the answer of a warp.
DEVICE bool is_twin(const Rounding& r, int k) {
    int first = r.count - r.table[r.slots[k]].first;
    bool same = first < k;
    const float* values = r.values + (int64)k * r.dimension;
    const float* of_first = r.values + (int64)first * r.dimension;
    for (int d = lane_id(); same && d < r.dimension; d += 32) {
        same = values[d] == of_first[d];
    }
    return !any_lane(!same);
}

struct PrepareArgs {
    Rounding rounding;
    FinalTotalArgs total;           // for the block behind those of the centres, where there is one
    int centers;                    // that have a warp: all, padding as well
};

// Rounds all centres, and finds twins. A warp a centre.
GLOBAL BOUNDS(128, 1) void prepare_centers(PrepareArgs a) {
    kernel_begins();
    const Rounding& r = a.rounding;
    int k = (int)(global_thread() >> 5);
    if (k >= a.centers) {
        total_all(a.total);
        return;
    }
    bool twin = r.table && k < r.count && is_twin(r, k);
    if (r.table && k < r.count && lane_id() == 0) {
        r.twins[k] = twin;
    }
    if (!r.halves) {
        return;
    }
    if (k >= r.count || twin) {
        leave_out(r, k);
        return;
    }
    double square, residual;
    float scale = centers_scale(r.extremes->largest);
    round_values(r, scale, k, lane_id(), 32, square, residual);
    // What lanes have written others may write again.
    warp_barrier();
    bound_center(r, *r.extremes, bits_float(r.extremes->limit) * scale, k, lanes_sum(square), lanes_sum(residual), 0);
}

struct ReseedArgs {
    Rows rows;
    const int* clusters;    // rows.count of them
    double* means;
    float* values;
    double* counts;
    double count;
};

// Puts centres on rows. A block a row.
GLOBAL BOUNDS(128, 1) void reseed_centers(ReseedArgs a) {
    kernel_begins();
    int64 first = (int64)a.clusters[block_id()] * a.rows.dimension;
    const float* row = row_values(a.rows, block_id());
    for (int d = thread_id(); d < a.rows.dimension; d += 128) {
        a.means[first + d] = row[d];
        a.values[first + d] = row[d];
    }
    if (thread_id() == 0) {
        a.counts[a.clusters[block_id()]] = a.count;
    }
}
