// What near_members.cuh measures, of rows that have their columns in shared memory at once: the members stay there, and a warp goes from
// one group of rows to another by itself, with the next one on its way meanwhile.
#pragma once
#include "near_members.cuh"

constexpr int GroupSlots = 2;
constexpr int MostGroupWarps = 10;
constexpr int MostNearOfGroup = GroupRows * TileOthers / 8;

// What a block has in shared memory, before what its warps have: CudaSeeding.NearPoolBytes.
struct alignas(16) NearPool {
    float members[TileOthers * NearColumns];
    float shortened[TileOthers * NearColumns];      // the members less the origin
    float origin[NearColumns];
    float half_squares[TileOthers];
};
static_assert(sizeof(NearPool) == 66304);

// What a warp has: CudaSeeding.NearGroupBytes.
struct alignas(16) NearGroup {
    float rows[GroupSlots][GroupRows * NearColumns];
    unsigned short pairs[32];                       // row × TileOthers + member
};
static_assert(sizeof(NearGroup) == 16448);

DEVICE float4 shortened(float4 v, float4 origin) {
    return {shortened(v.x - origin.x), shortened(v.y - origin.y), shortened(v.z - origin.z), shortened(v.w - origin.w)};
}

DEVICE float add_own_square(float4 v, float sum) {
    return __builtin_fmaf(v.w, v.w, __builtin_fmaf(v.z, v.z, __builtin_fmaf(v.y, v.y, __builtin_fmaf(v.x, v.x, sum))));
}

DEVICE void copy_pool(const MeasureArgs& a, NearPool& pool) {
    int warps = block_threads() / 32;
    copy_near(pool.members, warp_id(), TileOthers, warps, 0, a.rows.dimension, [&](int m) { return near_member(a, m); });
    copy_near(pool.origin, warp_id(), 1, warps, 0, a.rows.dimension, [&](int) { return a.origin; });
}

DEVICE void copy_group(const MeasureArgs& a, float* rows, int first) {
    copy_near(rows, 0, GroupRows, 1, 0, a.rows.dimension, [&](int r) { return row_values(a.rows, least(first + r, a.rows.count - 1)); });
}

// A warp a member.
DEVICE void shorten_members(const MeasureArgs& a, NearPool& pool) {
    for (int m = warp_id(); m < TileOthers; m += block_threads() / 32) {
        float square = 0;
        if (lane_id() * 4 < near_width(a.rows.dimension, 0)) {
            float4 v = shortened(load4(pool.members + near_place(m, lane_id())), load4(pool.origin + lane_id() * 4));
            *(float4*)(pool.shortened + near_place(m, lane_id())) = v;
            square = add_own_square(v, 0);
        }
        square = lanes_sum(square);
        if (lane_id() == 0) {
            pool.half_squares[m] = 0.5f * square;
        }
    }
}

// The products of a group's rows, and the squares of the lane's part of its two, as in multiply_near.
DEVICE void multiply_group(const NearPool& pool, const float* group, int width, float (&sums)[8][4], float (&squares)[2]) {
    auto multiply_step = [&](int d) {
        int four = d / 4 + (lane_id() & 3);
        float4 origin = load4(pool.origin + four * 4);
        uint rows[2][4];
#pragma unroll
        for (int r = 0; r < 2; r++) {
            float4 v = shortened(load4(group + near_place(r * 8 + (lane_id() >> 2), four)), origin);
            squares[r] = add_own_square(v, squares[r]);
            rows[0][r] = float_bits(v.x);
            rows[0][2 + r] = float_bits(v.y);
            rows[1][r] = float_bits(v.z);
            rows[1][2 + r] = float_bits(v.w);
        }
        float4 members[8];
#pragma unroll
        for (int n = 0; n < 8; n++) {
            members[n] = load4(pool.shortened + near_place(n * 8 + (lane_id() >> 2), four));
        }
#pragma unroll
        for (int n = 0; n < 8; n++) {
            multiply_add_short(sums[n], rows[0], float_bits(members[n].x), float_bits(members[n].y));
        }
#pragma unroll
        for (int n = 0; n < 8; n++) {
            multiply_add_short(sums[n], rows[1], float_bits(members[n].z), float_bits(members[n].w));
        }
    };
    if (width == NearColumns) {
#pragma unroll
        for (int d = 0; d < NearColumns; d += 16) {
            multiply_step(d);
        }
    } else {
        for (int d = 0; d < width; d += 16) {
            multiply_step(d);
        }
    }
}

// Which pairs of the lane's two rows and its members may be near: sixteen bits a row.
DEVICE uint near_bits(const MeasureArgs& a, const NearPool& pool, int first, const float (&sums)[8][4], const float (&squares)[2],
    const float (&nearest)[2], float longest) {
    uint found = 0;
#pragma unroll
    for (int r = 0; r < 2; r++) {
        float square = squares[r];
        square += shuffle_xor(square, 1);
        square += shuffle_xor(square, 2);
        float least_score = least_near_score(square, nearest[r], longest, a.rows.dimension);
        bool exists = first + r * 8 + (lane_id() >> 2) < a.rows.count;
#pragma unroll
        for (int n = 0; n < 8; n++) {
#pragma unroll
            for (int j = 0; j < 2; j++) {
                int m = n * 8 + (lane_id() & 3) * 2 + j;
                // Not "at least", so that a score which is no number is near.
                bool near = !(sums[n][r * 2 + j] - pool.half_squares[m] < least_score);
                found |= near && exists && m < a.member_count ? 1u << (r * 16 + n * 2 + j) : 0;
            }
        }
    }
    return found;
}

// Measures a warp's pairs, a lane a pair, or leaves the group to measure_members where they are many.
DEVICE void measure_group_pairs(const MeasureArgs& a, const NearPool& pool, NearGroup& own, int slot, int group, uint found) {
    int own_pairs = __builtin_popcount(found), at = own_pairs;
#pragma unroll
    for (int by = 1; by < 32; by *= 2) {
        int below = shuffle_up(at, by);
        at += lane_id() >= by ? below : 0;
    }
    int pairs = shuffle(at, 31);
    at -= own_pairs;
    if (pairs > MostNearOfGroup) {
        if (lane_id() == 0) {
            a.crowded->groups[atomic_add(&a.crowded->count, 1)] = group;
        }
        return;
    }
    for (int from = 0; from < pairs; from += 32) {
        for (; found != 0 && at < from + 32; at++) {
            int place = __builtin_ctz(found);
            found &= found - 1;
            int row = place / 16 * 8 + (lane_id() >> 2), m = place % 16 / 2 * 8 + (lane_id() & 3) * 2 + place % 2;
            own.pairs[at - from] = (unsigned short)(row * TileOthers + m);
        }
        warp_barrier();
        if (from + lane_id() < pairs) {
            int row = own.pairs[lane_id()] / TileOthers, m = own.pairs[lane_id()] % TileOthers;
            a.distances[m * a.stride + group * GroupRows + row] = add_near_squares(own.rows[slot], row, pool.members, m, a.rows.dimension / 4, 0);
        }
        warp_barrier();
    }
}

DEVICE void measure_groups(const MeasureArgs& a, NearPool& pool, NearGroup& own) {
    int groups = (a.rows.count + GroupRows - 1) / GroupRows, warps = block_threads() / 32;
    int group = block_id() * warps + warp_id(), step = grid_blocks() * warps;
    copy_pool(a, pool);
    copy_commit();
    if (group < groups) {
        copy_group(a, own.rows[0], group * GroupRows);
    }
    copy_commit();
    copy_wait<1>();
    block_barrier();
    shorten_members(a, pool);
    block_barrier();
    float longest = 0;
    for (int m = 0; m < TileOthers; m++) {
        longest = larger(longest, pool.half_squares[m]);
    }
    longest = root(2 * longest);
    for (int slot = 0; group < groups; group += step, slot ^= 1) {
        int first = group * GroupRows;
        if (group + step < groups) {
            copy_group(a, own.rows[slot ^ 1], first + step * GroupRows);
        }
        copy_commit();
        // What is not measured lowers nothing.
        float none = infinity();
        for (int m = lane_id() / 4; m < a.member_count; m += 8) {
            *(float4*)(a.distances + m * a.stride + first + lane_id() % 4 * 4) = float4{none, none, none, none};
        }
        float sums[8][4] = {}, squares[2] = {}, nearest[2] = {a.nearest[first + (lane_id() >> 2)], a.nearest[first + 8 + (lane_id() >> 2)]};
        copy_wait<1>();
        warp_barrier();
        multiply_group(pool, own.rows[slot], near_width(a.rows.dimension, 0), sums, squares);
        uint found = near_bits(a, pool, first, sums, squares, nearest, longest);
        if (any_lane(found != 0)) {
            measure_group_pairs(a, pool, own, slot, group, found);
        }
        // The next but one comes to where this was.
        warp_barrier();
    }
}
