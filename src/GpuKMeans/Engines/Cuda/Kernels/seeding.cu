// k-means++: distances from all rows to a few candidates at once, what each would leave of the potential, and drawing a
// row by its share of it.
#include "rows.cuh"

constexpr int Threads = 256;
constexpr int BlockRows = 1024;
constexpr int Group = 8;        // lanes that share a row, and candidates that are tried together
constexpr int MostCandidates = 32;

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

GLOBAL BOUNDS(Threads, 1) void evaluate_candidates(EvaluateArgs a) {
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

// Finds which of the thread's own values makes the running sum over all threads exceed the target.
// `own` is the sum of this thread's values. Returns the sum before this thread.
DEVICE double running_sum(double own, double* all) {
    block_barrier();
    all[thread_id()] = own;
    block_barrier();
    if (thread_id() == 0) {
        double sum = 0;
        for (int t = 0; t < 1024; t++) {
            double next = sum + all[t];
            all[t] = sum;
            sum = next;
        }
        all[1024] = sum;
    }
    block_barrier();
    return all[thread_id()];
}

// The first row at which the running sum of weight × D² exceeds a share of the whole. One block.
GLOBAL BOUNDS(1024, 1) void find_row(FindArgs a) {
    SHARED double all[1025];
    SHARED int64 chosen;
    SHARED double before_chosen;
    int64 blocks = (a.count + BlockRows - 1) / BlockRows;
    int64 each = (blocks + 1023) / 1024;
    int64 from = thread_id() * each, to = from + each < blocks ? from + each : blocks;
    if (thread_id() == 0) {
        chosen = -1;
    }
    double own = 0;
    for (int64 b = from; b < to; b++) {
        own += a.sums[b];
    }
    double before = running_sum(own, all);
    double target = a.share * all[1024];
    if (target >= all[1024]) {
        target = all[1024] * (1 - 0x1p-52);  // the product was rounded up
    }
    // One thread alone finds the target between the sum before it and the sum with it.
    if (before <= target && target < before + own) {
        for (int64 b = from; b < to; b++) {
            if (a.sums[b] > 0) {
                chosen = b;
                before_chosen = before;
                if (target < before + a.sums[b]) {
                    break;
                }
            }
            before += a.sums[b];
        }
    }
    block_barrier();
    int64 row = chosen * BlockRows + thread_id();
    own = chosen >= 0 && row < a.count ? share_of_row(a.nearest, a.weights, row) : 0;
    before = running_sum(own, all);
    bool exceeds = own > 0 && target < before_chosen + before + own;
    // Rounding may leave no row that exceeds: the last one with a share is then the one.
    block_barrier();
    all[thread_id()] = own > 0 ? (exceeds ? 2 : 1) : 0;
    block_barrier();
    if (thread_id() == 0) {
        int64 found = -1;
        for (int t = 0; chosen >= 0 && t < 1024; t++) {
            if (all[t] > 0) {
                found = chosen * BlockRows + t;
                if (all[t] > 1) {
                    break;
                }
            }
        }
        *a.found = found;
    }
}
