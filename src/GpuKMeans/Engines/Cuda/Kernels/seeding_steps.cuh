// What try_members does: steps of greedy k-means++, one after another without the host.
#pragma once
#include "near_groups.cuh"

constexpr int Threads = 256;
constexpr int BlockRows = 1024;
constexpr int TriedParts = 2;       // of so many rows, that a block tries members for
constexpr int TriedCount = TriedParts * BlockRows;
constexpr int TriedGroups = TriedCount / GroupRows;
constexpr int TriedTogether = 4;    // times eight groups, that a warp reads at once
constexpr int Warps = Threads / 32;
constexpr int MostTried = 16;       // Seeding.MaxCandidates
constexpr int MostMembers = GroupMembers;       // of the pool

// What measuring has left of the pool.
struct Measured {
    const float* distances;     // members × stride
    const uint* marks;          // which of them there are, as near_groups.cuh says; null where all are
    int64 stride;
};

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
    Measured measured;
    float* nearest;             // D² so far
    const float* weights;       // null for weights of 1
    const int64* rows;          // of the members
    double* potentials;         // for each member tried, of each block
    Trial* trials;
    Steps* steps;
    int* finished;              // blocks; 0 before and after
    int64 count;
};

// A step that there are members for, of a centre that is wanted: not where all rows are centres, or no number is left.
DEVICE bool is_wanted(const Steps& s) { return s.tried_count == s.trials && s.left > 0 && s.potential > 0; }

// The marks of a row's group.
DEVICE int4 marks_of(const Measured& m, int64 row) { return m.marks ? ((const int4*)m.marks)[row / GroupRows] : int4{-1, -1, -1, -1}; }

DEVICE bool is_marked(const int4& marks, int member) {
    int word = mark_word(member), of_word = word == 0 ? marks.x : word == 1 ? marks.y : word == 2 ? marks.z : marks.w;
    return of_word >> mark_bit(member) & 1;
}

DEVICE const float* distances_to(const Measured& m, int member, int64 row) { return m.distances + member * m.stride + row; }

// D² lowered by a member, or by none, -1.
DEVICE float lowered(float nearest, const Measured& m, int member, int64 row) {
    return member >= 0 && is_marked(marks_of(m, row), member) ? smaller(nearest, *distances_to(m, member, row)) : nearest;
}

// What D² of the members would become. Another block may lower it meanwhile by the accepted one, which changes nothing here.
DEVICE void try_for_members(const TryArgs& a) {
    for (int c = block_id(); c < a.steps->tried_count; c += grid_blocks()) {
        if (thread_id() < a.steps->member_count) {
            int64 row = a.rows[thread_id()];
            float nearest = lowered(a.nearest[row], a.measured, a.steps->accepted, row);
            a.trials[c].distances[thread_id()] = lowered(nearest, a.measured, a.steps->tried[c], row);
        }
    }
}

// What a block knows of its rows while it tries members.
struct TriedRows {
    float nearest[TriedCount];
    float weights[TriedCount];                      // only where there are any
    double sums[TriedGroups];                       // of weight × D²
    int4 marks[TriedGroups];
    unsigned char groups[Warps][TriedGroups];       // of a warp's member: those with distances to it
};

template <bool Weighted>
DEVICE double share_of(float distance, float weight) {
    return Weighted ? (weight > 0 ? (double)weight * distance : 0) : (double)distance;
}

// Lowers D² of the block's rows by the accepted member, and sums it, group by group. Four neighbours a thread.
template <bool Weighted>
DEVICE void lower_rows(const TryArgs& a, TriedRows& rows, int64 first_row) {
    int accepted = a.steps->accepted;
    float nearest[TriedParts][4] = {}, weights[TriedParts][4];
    int4 marks[TriedParts];
#pragma unroll
    for (int p = 0; p < TriedParts; p++) {
        int at = p * BlockRows + thread_id() * 4;
        bool exists = first_row + at < a.measured.stride;
        load4_if(nearest[p], a.nearest + first_row + at, exists);
        marks[p] = exists ? marks_of(a.measured, first_row + at) : int4{};
#pragma unroll
        for (int i = 0; i < 4; i++) {
            bool counts = first_row + at + i < a.count;
            weights[p][i] = !counts ? 0 : Weighted ? a.weights[first_row + at + i] : 1;
        }
    }
#pragma unroll
    for (int p = 0; p < TriedParts; p++) {
        int at = p * BlockRows + thread_id() * 4;
        float (&n)[4] = nearest[p], (&w)[4] = weights[p];
        if (accepted >= 0 && is_marked(marks[p], accepted)) {
            float4 d = load4(distances_to(a.measured, accepted, first_row + at));
            *(float4*)(a.nearest + first_row + at) = {
                n[0] = smaller(n[0], d.x), n[1] = smaller(n[1], d.y), n[2] = smaller(n[2], d.z), n[3] = smaller(n[3], d.w)};
        }
        double sum = 0;
#pragma unroll
        for (int i = 0; i < 4; i++) {
            // Of rows behind the last nothing is summed, whatever is found for them.
            n[i] = Weighted || w[i] > 0 ? n[i] : 0;
            sum += share_of<Weighted>(n[i], w[i]);
        }
        sum = lanes_sum<4>(sum);
        *(float4*)(rows.nearest + at) = {n[0], n[1], n[2], n[3]};
        if constexpr (Weighted) {
            *(float4*)(rows.weights + at) = {w[0], w[1], w[2], w[3]};
        }
        if (thread_id() % 4 == 0) {
            rows.sums[at / GroupRows] = sum;
            rows.marks[at / GroupRows] = marks[p];
        }
    }
}

// The potential of a block's rows with a member as the next centre, by a warp. Groups without distances to it are as they were; of the
// others eight are lowered at once, four lanes a group. Nothing is subtracted, so that it is as exact as it is small.
template <bool Weighted>
DEVICE double try_member(const TryArgs& a, TriedRows& rows, int member, int64 first_row) {
    unsigned char (&groups)[TriedGroups] = rows.groups[warp_id()];
    int count = 0, of_four = lane_id() & 3;
    double sum = 0;
#pragma unroll
    for (int first = 0; first < TriedGroups; first += 32) {
        int group = first + lane_id();
        bool marked = is_marked(rows.marks[group], member) && first_row + group * GroupRows < a.count;
        uint of_warp = ballot(marked);
        if (marked) {
            groups[count + __builtin_popcount(of_warp & ((1u << lane_id()) - 1))] = (unsigned char)group;
        } else {
            sum += rows.sums[group];
        }
        count += __builtin_popcount(of_warp);
    }
    const float* distances = distances_to(a.measured, member, first_row + of_four * 4);
    warp_barrier();
#pragma unroll 1
    for (int first = 0; first < count; first += 8 * TriedTogether) {
        float d[TriedTogether][4] = {};
        int at[TriedTogether];
#pragma unroll
        for (int i = 0; i < TriedTogether; i++) {
            int place = first + i * 8 + (lane_id() >> 2);
            at[i] = place < count ? groups[place] * GroupRows : -1;
            load4_if(d[i], distances + at[i], at[i] >= 0);
        }
#pragma unroll
        for (int i = 0; i < TriedTogether; i++) {
            if (at[i] >= 0) {
                float4 n = load4(rows.nearest + at[i] + of_four * 4), w = {1, 1, 1, 1};
                if constexpr (Weighted) {
                    w = load4(rows.weights + at[i] + of_four * 4);
                }
                sum += (share_of<Weighted>(smaller(d[i][0], n.x), w.x) + share_of<Weighted>(smaller(d[i][1], n.y), w.y))
                    + (share_of<Weighted>(smaller(d[i][2], n.z), w.z) + share_of<Weighted>(smaller(d[i][3], n.w), w.w));
            }
        }
    }
    warp_barrier();         // the next member's groups come into the same memory
    return lanes_sum(sum);
}

template <bool Weighted>
DEVICE void try_rows(const TryArgs& a, TriedRows& rows) {
    int64 first_row = (int64)block_id() * TriedCount;
    int tried = a.steps->tried_count;
    lower_rows<Weighted>(a, rows, first_row);
    block_barrier();
    for (int c = warp_id(); c < tried; c += Warps) {
        double sum = try_member<Weighted>(a, rows, a.steps->tried[c], first_row);
        if (lane_id() == 0) {
            a.potentials[(int64)c * grid_blocks() + block_id()] = sum;
        }
    }
}

// What the last block to end decides by; it is read while nothing is waited for.
struct Decision {
    double threshold;           // of the thread's member
    int trials, left, next, member_count, chosen_count;

    METHOD explicit Decision(const Steps& s)
        : threshold(thread_id() < MostMembers ? s.thresholds[thread_id()] : 0), trials(s.trials), left(s.left), next(s.next),
          member_count(s.member_count), chosen_count(s.chosen_count) {}
};

// What all blocks have found, in the order of blocks and lanes, a warp each of the members tried.
DEVICE void gather_trials(const TryArgs& a, int tried, double (&potentials)[MostTried], float (&distances)[MostTried][MostMembers]) {
    constexpr int Each = MostTried * MostMembers / Threads;
    float own[Each];
#pragma unroll
    for (int i = 0; i < Each; i++) {
        int at = thread_id() + i * Threads, c = at / MostMembers;
        own[i] = c < tried ? a.trials[c].distances[at % MostMembers] : 0;
    }
    int blocks = grid_blocks();
    for (int c = warp_id(); c < tried; c += Warps) {
        const double* of_blocks = a.potentials + (int64)c * blocks;
        double sums[4] = {};
#pragma unroll 4
        for (int first = lane_id(); first < blocks; first += 128) {
#pragma unroll
            for (int i = 0; i < 4; i++) {
                sums[i] += first + i * 32 < blocks ? of_blocks[first + i * 32] : 0;
            }
        }
        double sum = lanes_sum((sums[0] + sums[1]) + (sums[2] + sums[3]));
        if (lane_id() == 0) {
            a.trials[c].potential = potentials[c] = sum;
        }
    }
#pragma unroll
    for (int i = 0; i < Each; i++) {
        int at = thread_id() + i * Threads;
        distances[at / MostMembers][at % MostMembers] = own[i];
    }
    block_barrier();
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
DEVICE void decide(const TryArgs& a, const Decision& d, int tried) {
    SHARED double potentials[MostTried];
    SHARED float distances[MostTried][MostMembers];
    SHARED uint drawn[MostMembers / 32];
    Steps& s = *a.steps;
    gather_trials(a, tried, potentials, distances);
    int best = best_of(potentials, tried), m = thread_id();
    double potential = potentials[best];
    bool goes_on = d.left > 1 && potential > 0;
    if (m < MostMembers) {
        float distance = distances[best][m];
        uint of_warp = ballot(goes_on && m >= d.next && m < d.member_count && d.threshold < distance);
        s.distances[m] = m < d.member_count ? distance : 0;
        if (lane_id() == 0) {
            drawn[warp_id()] = of_warp;
        }
    }
    block_barrier();
    if (m == 0) {
        s.accepted = s.chosen[d.chosen_count] = s.tried[best];
        s.chosen_count = d.chosen_count + 1;
        s.potential = potential;
        s.left = d.left - 1;
    }
    block_barrier();
    // The place of a member among those drawn is where it is tried.
    int before = 0, all = 0;
    for (int w = 0; w < MostMembers / 32; w++) {
        int of_warp = __builtin_popcount(drawn[w]);
        before += w < warp_id() ? of_warp : 0;
        all += of_warp;
    }
    if (m < MostMembers && drawn[warp_id()] >> lane_id() & 1) {
        before += __builtin_popcount(drawn[warp_id()] & ((1u << lane_id()) - 1));
        if (before < d.trials) {
            s.tried[before] = m;
        }
        if (before == d.trials - 1) {
            s.next = m + 1;
        }
    }
    if (m == 0) {
        s.tried_count = least(all, d.trials);
        if (goes_on && all < d.trials) {
            s.next = d.member_count;
        }
    }
}

DEVICE void try_all(const TryArgs& a) {
    SHARED TriedRows rows;
    // On its way while it is looked at whether there is a step.
    prefetch(a.nearest + (int64)block_id() * TriedCount + thread_id() * 4);
    if (!is_wanted(*a.steps)) {
        return;
    }
    int tried = a.steps->tried_count;
    Decision decision(*a.steps);
    if (a.weights) {
        try_rows<true>(a, rows);
    } else {
        try_rows<false>(a, rows);
    }
    try_for_members(a);
    if (comes_last(a.finished, grid_blocks())) {
        decide(a, decision, tried);
    }
}
