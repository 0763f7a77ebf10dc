// k-means++: distances from all rows to a pool of candidates in one pass, what each would leave of the potential, and
// drawing rows by their share of it.
#include "near_groups.cuh"
#include "seeding_steps.cuh"

// `places`: where the tile's groups of rows begin. Of the members, those from the first on.
template <bool Vectors>
DEVICE void measure_tile(const MeasureArgs& a, Stage& stage, const int* places, int first) {
    float sums[ThreadOthers][ThreadRows] = {};
    add_squares<Vectors>(
        stage, sums, a.rows.dimension,
        [&](int r) { return row_values(a.rows, least(places[r / GroupRows] + r % GroupRows, a.rows.count - 1)); },
        [&](int m) { return a.members + (int64)least(first + m, a.member_count - 1) * a.rows.dimension; });
    int place = places[own_rows() / GroupRows] + own_rows() % GroupRows;
#pragma unroll
    for (int m = 0; m < ThreadOthers; m++) {
        if (first + own_other(m) < a.member_count) {
            float* to = a.distances + (first + own_other(m)) * a.stride + place;
            *(float4*)to = float4{sums[m][0], sums[m][1], sums[m][2], sums[m][3]};
            *(float4*)(to + 4) = float4{sums[m][4], sums[m][5], sums[m][6], sums[m][7]};
        }
    }
}

// Squared distances from rows to all members of the pool, from direct differences: of all tiles, a block a tile, or of the groups
// left over, which come together to tiles.
GLOBAL BOUNDS(TileThreads, 3) void measure_members(MeasureArgs a) {
    kernel_begins();
    constexpr int Groups = TileRows / GroupRows;
    SHARED Stage stage;
    SHARED int places[Groups];
    int crowded = a.crowded ? a.crowded->count : 0;
    int tiles = a.crowded ? (crowded + Groups - 1) / Groups : grid_blocks();
    for (int t = block_id(); t < tiles; t += grid_blocks()) {
        block_barrier();
        if (thread_id() < Groups) {
            int group = t * Groups + thread_id();
            places[thread_id()] = (a.crowded ? a.crowded->groups[least(group, crowded - 1)] : group) * GroupRows;
        }
        block_barrier();
        for (int first = 0; first < a.member_count; first += TileOthers) {
            if (a.rows.dimension % 4 == 0) {
                measure_tile<true>(a, stage, places, first);
            } else {
                measure_tile<false>(a, stage, places, first);
            }
        }
    }
    if (a.crowded && comes_last(&a.crowded->finished, grid_blocks()) && thread_id() == 0) {
        a.crowded->count = 0;
    }
}

// Those of rows to the members that may lower their D², and infinity for the others; of all rows but those it says are crowded.
GLOBAL BOUNDS(TileThreads, 2) void measure_near_members(MeasureArgs a) {
    kernel_begins();
    DYNAMIC_SHARED(shared, 128);
    measure_near(a, *(NearTile*)shared);
}

// The same of rows with at most NearColumns columns; but what distances there are is marked, and in the place of the others nothing is written.
GLOBAL BOUNDS(MostGroupWarps * 32, 1) void measure_near_groups(MeasureArgs a) {
    kernel_begins();
    DYNAMIC_SHARED(shared, 128);
    measure_groups(a, *(NearPool*)shared, ((NearGroup*)(shared + sizeof(NearPool)))[warp_id()]);
}

DEVICE double share_of_row(float distance, const float* weights, int64 i) {
    return share_of<true>(distance, weights ? weights[i] : 1.0f);
}

// Takes a step of k-means++, where there is one to take: lowers D² by the member accepted last, and finds what would be left of the
// potential with each of a few as the next centre. The last block to end sums what all have found, and decides.
GLOBAL BOUNDS(Threads, 4) void try_members(TryArgs a) {
    kernel_begins();
    try_all(a);
}

struct AcceptArgs {
    Measured measured;
    const float* weights;       // null for weights of 1
    float* nearest;
    double* sums;               // of weight × D², for each block of rows
    int64 count;
    int accepted;               // the member; -1 where D² has been lowered by it
    int unused;
};

// Lowers D² by an accepted member, and sums it for drawing.
GLOBAL BOUNDS(Threads, 1) void accept_member(AcceptArgs a) {
    kernel_begins();
    SHARED double scratch[32];
    double sum = 0;
#pragma unroll
    for (int i = 0; i < BlockRows; i += Threads) {
        int64 row = (int64)block_id() * BlockRows + i + thread_id();
        if (row < a.count) {
            float d = lowered(a.nearest[row], a.measured, a.accepted, row);
            a.nearest[row] = d;
            sum += share_of_row(d, a.weights, row);
        }
    }
    sum = block_sum(sum, scratch);
    if (thread_id() == 0) {
        a.sums[block_id()] = sum;
    }
}

struct Drawn {
    int64 row;                  // -1 where no row has a share
    float distance;             // its D²
    int unused;
};

struct DrawArgs {
    const float* nearest;
    const float* weights;
    const double* sums;
    const double* shares;
    Drawn* drawn;
    int64 count;
};

// The running sums of the threads' values, in a fixed order; `sums` takes them, behind the sums of the warps.
DEVICE void running_sums(double own, double* sums) {
    double inclusive = lanes_running_sum(own);
    block_barrier();
    if (lane_id() == 31) {
        sums[warp_id()] = inclusive;
    }
    block_barrier();
    double before = 0;
    for (int w = 0; w < warp_id(); w++) {
        before += sums[w];
    }
    sums[32 + thread_id()] = before + inclusive;
    block_barrier();
}

// The first thread with a value above 0 whose running sum exceeds the target. Rounding may leave none: then the last
// with a value above 0; -1 where there is none either.
DEVICE int thread_that_exceeds(double own, double target, const double* sums, int (&found)[2]) {
    if (thread_id() == 0) {
        found[0] = 1024;
        found[1] = -1;
    }
    block_barrier();
    if (own > 0) {
        if (target < sums[32 + thread_id()]) {
            atomic_min(&found[0], thread_id());
        }
        atomic_max(&found[1], thread_id());
    }
    block_barrier();
    int thread = found[0] < 1024 ? found[0] : found[1];
    block_barrier();
    return thread;
}

// The first row at which the running sum of weight × D² exceeds a share of the whole. A block a share.
GLOBAL BOUNDS(1024, 1) void draw_rows(DrawArgs a) {
    kernel_begins();
    SHARED double sums[32 + 1024];
    SHARED int found[2];
    SHARED int64 chosen;
    SHARED double left;
    int64 blocks = (a.count + BlockRows - 1) / BlockRows;
    int64 each = (blocks + 1023) / 1024;
    int64 from = thread_id() * each, to = from + each < blocks ? from + each : blocks;
    double own = 0;
    for (int64 b = from; b < to; b++) {
        own += a.sums[b];
    }
    running_sums(own, sums);
    double target = a.shares[block_id()] * sums[32 + 1023];
    int thread = thread_that_exceeds(own, target, sums, found);
    if (thread < 0) {
        if (thread_id() == 0) {
            a.drawn[block_id()] = Drawn{-1, 0, 0};
        }
        return;
    }
    if (thread_id() == thread) {
        left = target - (thread > 0 ? sums[32 + thread - 1] : 0);
        for (int64 b = from; b < to; b++) {
            if (a.sums[b] > 0) {
                chosen = b;
                if (left < a.sums[b]) {
                    break;
                }
                left -= a.sums[b];
            }
        }
    }
    block_barrier();
    int64 row = chosen * BlockRows + thread_id();
    own = row < a.count ? share_of_row(a.nearest[row], a.weights, row) : 0;
    running_sums(own, sums);
    thread = thread_that_exceeds(own, left, sums, found);
    if (thread_id() == thread) {
        a.drawn[block_id()] = Drawn{row, a.nearest[row], 0};
    }
}
