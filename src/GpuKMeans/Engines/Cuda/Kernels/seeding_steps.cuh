// What try_members does: steps of greedy k-means++, one after another without the host.
#pragma once
#include "squares.cuh"

constexpr int Threads = 256;
constexpr int BlockRows = 1024;
constexpr int MostTried = 16;       // Seeding.MaxCandidates
constexpr int MostMembers = TileOthers;     // of the pool

// What trying members tells of one of them.
struct Trial {
    double potential;
    float distances[MostMembers];   // what D² of each member would become
};

// Steps of greedy k-means++ with the members of one pool: what the next is to do, and what has become of them.
struct Steps {
    int tried[MostTried];       // members, as the next centre
    int tried_count;            // less than `trials` where members have not lasted
    int trials;
    int accepted;               // the member that D² is to be lowered by before; -1 where it has been
    int left;                   // centres still to be chosen
    double potential;
    int next;                   // the first member that has not been looked at
    int member_count;
    int chosen_count;
    int unused;
    int chosen[MostMembers];
    float distances[MostMembers];       // D² of the members
    double thresholds[MostMembers];     // a member is tried where its D² is above
};

struct TryArgs {
    const float* distances;     // members × stride
    float* nearest;             // D² so far
    const float* weights;       // null for weights of 1
    const int64* rows;          // of the members
    double* potentials;         // MostTried for each block
    Trial* trials;
    Steps* steps;
    int* finished;              // blocks; 0 before and after
    int64 stride;
    int64 count;
};

// A step that there are members for, of a centre that is wanted: not where all rows are centres, or no number is left.
DEVICE bool is_wanted(const Steps& s) { return s.tried_count == s.trials && s.left > 0 && s.potential > 0; }

DEVICE const float* distances_to(const TryArgs& a, int member) { return a.distances + member * a.stride; }

// What D² is lowered by before: itself where there is nothing.
DEVICE const float* distances_before(const TryArgs& a) {
    return a.steps->accepted < 0 ? a.nearest : distances_to(a, a.steps->accepted);
}

DEVICE float4 smaller_each(float4 a, float4 b) { return {smaller(a.x, b.x), smaller(a.y, b.y), smaller(a.z, b.z), smaller(a.w, b.w)}; }

// What D² of the members would become. Another block may lower it meanwhile by the accepted one, which changes nothing here.
DEVICE void try_for_members(const TryArgs& a) {
    for (int c = block_id(); c < a.steps->tried_count; c += grid_blocks()) {
        if (thread_id() < a.steps->member_count) {
            int64 row = a.rows[thread_id()];
            float nearest = smaller(a.nearest[row], distances_before(a)[row]);
            a.trials[c].distances[thread_id()] = smaller(nearest, distances_to(a, a.steps->tried[c])[row]);
        }
    }
}

// The sums over a warp of four values; a lane gets that of value lane_id() / 8. Pairs of lanes are added as in lanes_sum.
DEVICE double lanes_sum_of_four(const double (&v)[4]) {
    bool upper = lane_id() & 16, odd = lane_id() & 8;
    double first = (upper ? v[2] : v[0]) + shuffle_xor(upper ? v[0] : v[2], 16);
    double second = (upper ? v[3] : v[1]) + shuffle_xor(upper ? v[1] : v[3], 16);
    return lanes_sum<8>((odd ? second : first) + shuffle_xor(odd ? first : second, 8));
}

// In the order of the blocks' threads, four members at once as well; a warp ends the sum of a member. Nothing else runs meanwhile.
DEVICE void sum_potentials(const TryArgs& a, double (&scratch)[MostTried][Threads / 32], double (&potentials)[MostTried]) {
    int tried = a.steps->tried_count, blocks = grid_blocks();
    for (int first = 0; first < tried; first += 4) {
        double sums[4] = {};
#pragma unroll 2
        for (int i = thread_id(); i < blocks; i += Threads) {
#pragma unroll
            for (int c = 0; c < 4; c++) {
                sums[c] += a.potentials[(int64)least(first + c, tried - 1) * blocks + i];
            }
        }
        double sum = lanes_sum_of_four(sums);
        if (lane_id() % 8 == 0) {
            scratch[first + lane_id() / 8][warp_id()] = sum;
        }
    }
    block_barrier();
    for (int c = warp_id(); c < tried; c += Threads / 32) {
        double sum = lanes_sum(lane_id() < Threads / 32 ? scratch[c][lane_id()] : 0.0);
        if (lane_id() == 0) {
            a.trials[c].potential = potentials[c] = sum;
        }
    }
    block_barrier();
}

// Four neighbours of the members tried, four members at once: so few registers let enough threads read.
template <bool Weighted>
DEVICE void try_rows(const TryArgs& a, double (&scratch)[MostTried][Threads / 32]) {
    int64 row = (int64)block_id() * BlockRows + thread_id() * 4;
    int left = (int)(a.count - row < 4 ? a.count - row : 4);
    float4 nearest = load4(a.nearest + row), before = load4(distances_before(a) + row);
    int tried = a.steps->tried_count;
    float weights[4];
#pragma unroll
    for (int i = 0; i < 4; i++) {
        weights[i] = i >= left ? 0 : Weighted ? a.weights[row + i] : 1;
    }
    auto share = [&](int i, float d, float so_far) {
        float v = weights[i] > 0 ? smaller(d, so_far) : 0;
        return Weighted ? (double)weights[i] * v : (double)v;
    };
#pragma unroll 1
    for (int first = 0; first < tried; first += 4) {
        float4 distances[4];
#pragma unroll
        for (int i = 0; i < 4; i++) {
            distances[i] = load4(distances_to(a, a.steps->tried[least(first + i, tried - 1)]) + row);
        }
        // Here, so that no load waits for it.
        nearest = smaller_each(nearest, before);
        double sums[4];
#pragma unroll
        for (int i = 0; i < 4; i++) {
            float4 d = distances[i];
            sums[i] = (share(0, d.x, nearest.x) + share(1, d.y, nearest.y)) + (share(2, d.z, nearest.z) + share(3, d.w, nearest.w));
        }
        double sum = lanes_sum_of_four(sums);
        if (lane_id() % 8 == 0) {
            scratch[first + lane_id() / 8][warp_id()] = sum;
        }
    }
    if (a.steps->accepted >= 0) {
        *(float4*)(a.nearest + row) = nearest;
    }
}

// The first of the least. All are numbers: of D², infinite at first, and a distance that is none, infinity is the smaller.
DEVICE int best_of(const double (&potentials)[MostTried], int count) {
    int best = 0;
    for (int c = 1; c < count; c++) {
        best = potentials[c] < potentials[best] ? c : best;
    }
    return best;
}

// Makes the best member tried the next centre, and takes those to be tried next: the first whose D² is above their thresholds. For
// the one block that is left.
DEVICE void decide(const TryArgs& a, Steps& s, const double (&potentials)[MostTried]) {
    SHARED uint drawn[MostMembers / 32];
    int best = best_of(potentials, s.tried_count), members = s.member_count, next = s.next;
    if (thread_id() < MostMembers) {
        float distance = thread_id() < members ? a.trials[best].distances[thread_id()] : 0;
        bool exists = thread_id() >= next && thread_id() < members;
        uint of_warp = ballot(exists && s.thresholds[thread_id()] < distance);
        s.distances[thread_id()] = distance;
        if (lane_id() == 0) {
            drawn[warp_id()] = of_warp;
        }
    }
    block_barrier();
    if (thread_id() > 0) {
        return;
    }
    double potential = potentials[best];
    int left = s.left - 1, trials = s.trials, chosen = s.chosen_count, tried = 0;
    s.accepted = s.chosen[chosen] = s.tried[best];
    s.chosen_count = chosen + 1;
    s.potential = potential;
    s.left = left;
    if (left > 0 && potential > 0) {
        uint64 open = (uint64)drawn[1] << 32 | drawn[0];
        next = members;
        for (; open != 0 && tried < trials; open &= open - 1) {
            int member = __builtin_ctzll(open);
            s.tried[tried++] = member;
            next = tried == trials ? member + 1 : next;
        }
        s.next = next;
    }
    s.tried_count = tried;
}

DEVICE void try_all(const TryArgs& a) {
    SHARED double scratch[MostTried][Threads / 32];
    SHARED double potentials[MostTried];
    // On its way while it is looked at whether there is a step.
    prefetch(a.nearest + (int64)block_id() * BlockRows + thread_id() * 4);
    if (!is_wanted(*a.steps)) {
        return;
    }
    if (a.weights) {
        try_rows<true>(a, scratch);
    } else {
        try_rows<false>(a, scratch);
    }
    try_for_members(a);
    block_barrier();
    if (thread_id() < a.steps->tried_count) {
        double sum = 0;
#pragma unroll
        for (int w = 0; w < Threads / 32; w++) {
            sum += scratch[thread_id()][w];
        }
        a.potentials[(int64)thread_id() * grid_blocks() + block_id()] = sum;
    }
    if (comes_last(a.finished, grid_blocks())) {
        sum_potentials(a, scratch, potentials);
        decide(a, *a.steps, potentials);
    }
}
