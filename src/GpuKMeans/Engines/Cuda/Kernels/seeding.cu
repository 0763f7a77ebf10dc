// k-means++: distances from all rows to a few candidates at once, what each would leave of the potential, and drawing a
// row by its share of it.
#include "rows.cuh"

constexpr int Threads = 256;
constexpr int BlockRows = 1024;
constexpr int Group = 8;        // lanes that share a row, and candidates that are tried together
constexpr int MostCandidates = 16;   // Seeding.MaxCandidates

struct EvaluateArgs {
    Rows rows;
    const float* candidates;    // candidate_count × dimension
    const float* nearest;       // D² so far, of these rows
    float* distances;           // candidate_count × stride
    double* potentials;         // for each block, MostCandidates
    int64 stride;
    int candidate_count;
};

template <bool Vectors>
DEVICE void try_candidates(const EvaluateArgs& a, int first_candidate, double& potential) {
    int lane = lane_id() % Group;
    int dimension = a.rows.dimension;
    const float* candidates[Group];
#pragma unroll
    for (int c = 0; c < Group; c++) {
        candidates[c] = a.candidates + (int64)least(first_candidate + c, a.candidate_count - 1) * dimension;
    }
    int own = first_candidate + lane;
    for (int i = thread_id() / Group * 2; i < BlockRows; i += Threads / Group * 2) {
        int place = block_id() * BlockRows + i;
        const float* rows[2] = {
            row_values(a.rows, least(place, a.rows.count - 1)), row_values(a.rows, least(place + 1, a.rows.count - 1))};
        float sums[2][Group] = {};
        if constexpr (Vectors) {
            for (int d = lane * 4; d < dimension; d += Group * 4) {
                float4 x0 = load4(rows[0] + d), x1 = load4(rows[1] + d);
#pragma unroll
                for (int c = 0; c < Group; c++) {
                    float4 y = load4(candidates[c] + d);
                    sums[0][c] = add_square(x0.x, y.x, sums[0][c]);
                    sums[0][c] = add_square(x0.y, y.y, sums[0][c]);
                    sums[0][c] = add_square(x0.z, y.z, sums[0][c]);
                    sums[0][c] = add_square(x0.w, y.w, sums[0][c]);
                    sums[1][c] = add_square(x1.x, y.x, sums[1][c]);
                    sums[1][c] = add_square(x1.y, y.y, sums[1][c]);
                    sums[1][c] = add_square(x1.z, y.z, sums[1][c]);
                    sums[1][c] = add_square(x1.w, y.w, sums[1][c]);
                }
            }
        } else {
            for (int d = lane; d < dimension; d += Group) {
                float x0 = rows[0][d], x1 = rows[1][d];
#pragma unroll
                for (int c = 0; c < Group; c++) {
                    float y = candidates[c][d];
                    sums[0][c] = add_square(x0, y, sums[0][c]);
                    sums[1][c] = add_square(x1, y, sums[1][c]);
                }
            }
        }
#pragma unroll
        for (int r = 0; r < 2; r++) {
            float distance = 0;
#pragma unroll
            for (int c = 0; c < Group; c++) {
                float sum = lanes_sum<Group>(sums[r][c]);
                distance = lane == c ? sum : distance;
            }
            if (place + r < a.rows.count && own < a.candidate_count) {
                a.distances[own * a.stride + place + r] = distance;
                float w = row_weight(a.rows, place + r);
                potential += w > 0 ? (double)w * smaller(distance, a.nearest[place + r]) : 0;
            }
        }
    }
}

GLOBAL BOUNDS(Threads, 2) void evaluate_candidates(EvaluateArgs a) {
    SHARED double scratch[Threads];
    for (int first = 0; first < a.candidate_count; first += Group) {
        double potential = 0;
        if (a.rows.dimension % 4 == 0) {
            try_candidates<true>(a, first, potential);
        } else {
            try_candidates<false>(a, first, potential);
        }
        block_barrier();
        scratch[thread_id()] = potential;
        block_barrier();
        if (thread_id() < Group && first + thread_id() < a.candidate_count) {
            double sum = 0;
            for (int g = 0; g < Threads / Group; g++) {
                sum += scratch[g * Group + thread_id()];
            }
            a.potentials[(int64)block_id() * MostCandidates + first + thread_id()] = sum;
        }
    }
}

struct PotentialsArgs {
    const double* blocks;
    double* potentials;
    int64 count;
};

// The sum over the blocks. A block a candidate.
GLOBAL BOUNDS(256, 1) void sum_potentials(PotentialsArgs a) {
    SHARED double scratch[32];
    double sum = 0;
    for (int64 i = thread_id(); i < a.count; i += 256) {
        sum += a.blocks[i * MostCandidates + block_id()];
    }
    sum = block_sum(sum, scratch);
    if (thread_id() == 0) {
        a.potentials[block_id()] = sum;
    }
}

struct AcceptArgs {
    const float* distances;     // to the accepted candidate
    const float* weights;       // null for weights of 1
    float* nearest;
    double* sums;               // of weight × D², for each block of rows
    int64 count;
};

DEVICE double share_of_row(const float* nearest, const float* weights, int64 i) {
    float w = weights ? weights[i] : 1.0f;
    return w > 0 ? (double)w * nearest[i] : 0;
}

GLOBAL BOUNDS(Threads, 1) void accept_candidate(AcceptArgs a) {
    SHARED double scratch[32];
    double sum = 0;
    for (int i = thread_id(); i < BlockRows; i += Threads) {
        int64 row = (int64)block_id() * BlockRows + i;
        if (row < a.count) {
            a.nearest[row] = smaller(a.nearest[row], a.distances[row]);
            sum += share_of_row(a.nearest, a.weights, row);
        }
    }
    sum = block_sum(sum, scratch);
    if (thread_id() == 0) {
        a.sums[block_id()] = sum;
    }
}

struct FindArgs {
    const float* nearest;
    const float* weights;
    const double* sums;
    int64* found;
    int64 count;
    double share;
};

// The running sums of the threads' values, in a fixed order; `sums` takes them, behind the sums of the warps.
DEVICE void running_sums(double own, double* sums) {
    double inclusive = own;
#pragma unroll
    for (int by = 1; by < 32; by *= 2) {
        double below = shuffle_up(inclusive, by);
        inclusive += lane_id() >= by ? below : 0;
    }
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

// The first row at which the running sum of weight × D² exceeds a share of the whole. One block.
GLOBAL BOUNDS(1024, 1) void find_row(FindArgs a) {
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
    double target = a.share * sums[32 + 1023];
    int thread = thread_that_exceeds(own, target, sums, found);
    if (thread < 0) {
        if (thread_id() == 0) {
            *a.found = -1;
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
    own = row < a.count ? share_of_row(a.nearest, a.weights, row) : 0;
    running_sums(own, sums);
    thread = thread_that_exceeds(own, left, sums, found);
    if (thread_id() == 0) {
        *a.found = chosen * BlockRows + thread;
    }
}
