// What near_members.cuh measures, of rows that have their columns in shared memory at once, to twice as many members: these stay there, and
// a warp goes from one group of rows to another by itself, with the next one on its way meanwhile. Scores are products of halves, which have
// as many digits as what the tensor cores take of a float and are half as much to read.
//
// Near pairs are few. So only marks say for which members a group has distances: nothing is written of the others, nor read.
#pragma once
#include "near_members.cuh"

constexpr int GroupSlots = 2;
constexpr int GroupMembers = 128;
constexpr int MostGroupWarps = 8;
constexpr int MostNearOfGroup = GroupRows * GroupMembers / 8;      // where there are more, tiles are measured as quickly

// What a block has in shared memory, before what its warps have: CudaSeeding.NearPoolBytes.
struct alignas(16) NearPool {
    float members[GroupMembers * NearColumns];
    half_bits halves[GroupMembers * NearColumns];       // the members less the origin, scaled: see half_place
    float origin[NearColumns];                          // the negative of it, scaled
    float less[GroupMembers];                           // half the squares of the halves, negative
    float largest[MostGroupWarps];                      // of the members less the origin, by each warp
};
static_assert(sizeof(NearPool) == 99360);

// What a warp has: CudaSeeding.NearGroupBytes.
struct alignas(16) NearGroup {
    float rows[GroupSlots][GroupRows * NearColumns];
    unsigned short pairs[32];                           // row × GroupMembers + member
};
static_assert(sizeof(NearGroup) == 16448);

// Columns are multiplied by 32.
DEVICE int group_width(int dimension) { return (dimension + 31) / 32 * 32; }

// Where a member has the halves of a lane's columns: of 32 columns four of the first sixteen, then four of the others. What lanes read
// together falls in different banks: those of each of two members.
DEVICE int half_place(int member, int columns32, int lane_of_four) {
    return member * NearColumns + ((columns32 ^ (member & 1)) * 4 + lane_of_four) * 8;
}

// Starts to copy a row by a warp, zeros behind the last column; `from` is the lane's column, or, where there is none, any.
DEVICE void copy_row(uint to, int r, const float* from, int dimension) {
    if (lane_id() * 4 < group_width(dimension)) {
        copy_async_or_zeros<16>(to + (uint)near_place(r, lane_id()) * 4, from, lane_id() * 4 < dimension);
    }
}

DEVICE int copied_column(int dimension) { return lane_id() * 4 < dimension ? lane_id() * 4 : 0; }

DEVICE void copy_group(const MeasureArgs& a, float* rows, int first) {
    int dimension = a.rows.dimension, column = copied_column(dimension);
    uint to = shared_address(rows);
    if (a.rows.index == nullptr && first + GroupRows <= a.rows.count) {
        const float* from = row_values(a.rows, first) + column;
#pragma unroll
        for (int r = 0; r < GroupRows; r++, from += dimension) {
            copy_row(to, r, from, dimension);
        }
    } else {
        for (int r = 0; r < GroupRows; r++) {
            copy_row(to, r, row_values(a.rows, least(first + r, a.rows.count - 1)) + column, dimension);
        }
    }
}

DEVICE float4 scaled(const float4& v, const float4& origin, float scale) {
    return {__builtin_fmaf(v.x, scale, origin.x), __builtin_fmaf(v.y, scale, origin.y), __builtin_fmaf(v.z, scale, origin.z),
        __builtin_fmaf(v.w, scale, origin.w)};
}

DEVICE uint2 round_four(const float4& v) { return {half_pair(v.x, v.y), half_pair(v.z, v.w)}; }

DEVICE float sum_squares(const uint2& halves) {
    float x = half_value(halves.x), y = half_value(halves.x >> 16), z = half_value(halves.y), w = half_value(halves.y >> 16);
    return __builtin_fmaf(w, w, __builtin_fmaf(z, z, __builtin_fmaf(y, y, x * x)));
}

// Brings the members and rounds them, a warp a member. Gives the scale, 2^±60 at most: with it the largest value less the origin is 2^7 and
// more, so that rows may have values 2^8 times as large, and what is lost of small ones is nothing beside the members.
DEVICE float prepare_pool(const MeasureArgs& a, NearPool& pool) {
    int warps = block_threads() / 32, dimension = a.rows.dimension, column = lane_id() * 4;
    bool has_columns = column < group_width(dimension);
    for (int m = warp_id(); m < GroupMembers; m += warps) {
        copy_row(shared_address(pool.members), m, near_member(a, m) + copied_column(dimension), dimension);
    }
    copy_commit();
    copy_wait<0>();
    warp_barrier();
    float4 origin = column < dimension ? load4(a.origin + column) : float4{};
    float largest = 0;
    for (int m = warp_id(); m < GroupMembers && has_columns; m += warps) {
        float4 v = load4(pool.members + near_place(m, lane_id()));
        largest = larger(larger(largest, larger(magnitude(v.x - origin.x), magnitude(v.y - origin.y))),
            larger(magnitude(v.z - origin.z), magnitude(v.w - origin.w)));
    }
    largest = lanes_max(largest);
    if (lane_id() == 0) {
        pool.largest[warp_id()] = largest;
    }
    block_barrier();
    for (int w = 0; w < warps; w++) {
        largest = larger(largest, pool.largest[w]);
    }
    float scale = power_of_two(clamp(7 - exponent(largest), -60, 60));
    origin = {-origin.x * scale, -origin.y * scale, -origin.z * scale, -origin.w * scale};
    if (warp_id() == 0 && has_columns) {
        *(float4*)(pool.origin + column) = origin;
    }
    for (int m = warp_id(); m < GroupMembers; m += warps) {
        float square = 0;
        if (has_columns) {
            uint2 halves = round_four(scaled(load4(pool.members + near_place(m, lane_id())), origin, scale));
            square = sum_squares(halves);
            *(uint2*)(pool.halves + half_place(m, lane_id() / 8, lane_id() % 4) + lane_id() / 4 % 2 * 4) = halves;
        }
        square = lanes_sum(square);
        if (lane_id() == 0) {
            pool.less[m] = -0.5f * square;
        }
    }
    block_barrier();
    return scale;
}

// The scores of a group's rows, and the squares of the lane's two. These are products of the rows with themselves, those of either half of
// the group; of each a lane of the row's four has the one that is wanted.
DEVICE void score_group(const NearPool& pool, const float* group, int width, float scale, float (&sums)[16][4], float (&squares)[2]) {
    float own[2][4] = {};
    int of_four = lane_id() & 3, row = lane_id() >> 2;
#pragma unroll
    for (int n = 0; n < 16; n++) {
        float2 less = *(const float2*)(pool.less + n * 8 + of_four * 2);
        sums[n][0] = sums[n][2] = less.x;
        sums[n][1] = sums[n][3] = less.y;
    }
    auto multiply_columns = [&](int columns32) {
        uint rows[2][4];
#pragma unroll
        for (int s = 0; s < 2; s++) {
            int four = columns32 * 8 + s * 4 + of_four;
            float4 origin = load4(pool.origin + four * 4);
#pragma unroll
            for (int r = 0; r < 2; r++) {
                uint2 halves = round_four(scaled(load4(group + near_place(r * 8 + row, four)), origin, scale));
                rows[s][r] = halves.x;
                rows[s][2 + r] = halves.y;
            }
#pragma unroll
            for (int r = 0; r < 2; r++) {
                multiply_add(own[r], rows[s], rows[s][r], rows[s][2 + r]);
            }
        }
#pragma unroll
        for (int first = 0; first < 16; first += 8) {
            int4 members[8];
#pragma unroll
            for (int n = 0; n < 8; n++) {
                members[n] = *(const int4*)(pool.halves + half_place((first + n) * 8 + row, columns32, of_four));
            }
#pragma unroll
            for (int n = 0; n < 8; n++) {
                multiply_add(sums[first + n], rows[0], (uint)members[n].x, (uint)members[n].y);
            }
#pragma unroll
            for (int n = 0; n < 8; n++) {
                multiply_add(sums[first + n], rows[1], (uint)members[n].z, (uint)members[n].w);
            }
        }
    };
    if (width == NearColumns) {
#pragma unroll
        for (int c = 0; c < NearColumns / 32; c++) {
            multiply_columns(c);
        }
    } else {
        for (int c = 0; c < width / 32; c++) {
            multiply_columns(c);
        }
    }
#pragma unroll
    for (int r = 0; r < 2; r++) {
        squares[r] = shuffle(row % 2 ? own[r][r * 2 + 1] : own[r][r * 2], row * 4 + row / 2);
    }
}

// As near_members.cuh says, but that halves lose no more than 2^-11 of a value less the origin and scaled, or, below their least normal
// number, 2^-25: and all is in that scale. Of squares that are too small for float32 d and D² lack less than dimension·2^-149, which is
// less than 2^-70 of a distance.
DEVICE float least_near_score_of_halves(float square, float nearest, float longest, float scale, int dimension) {
    float both = root(square) + longest;
    float reach = root(nearest) * scale * (1 + (float)dimension * 0x1p-24f) + 0x1.01p-11f * both + (0x1p-20f + 0x1p-70f * scale);
    return 0.5f * (square - reach * reach * (1 + 0x1p-20f)) - (float)(dimension + 16) * 0x1p-22f * both * both;
}

// Which pairs of the lane's two rows and its members may be near: 32 bits a row, two for each eight members.
DEVICE void near_bits(uint (&found)[2], const MeasureArgs& a, int first, const float (&sums)[16][4], const float (&squares)[2],
    const float (&nearest)[2], float longest, float scale, uint members) {
#pragma unroll
    for (int r = 0; r < 2; r++) {
        float least_score = least_near_score_of_halves(squares[r], nearest[r], longest, scale, a.rows.dimension);
        uint far = 0;
#pragma unroll
        for (int i = 31; i >= 0; i--) {
            far = with_sign(far, sums[i / 2][r * 2 + i % 2] - least_score);
        }
        // Rows that are too long beside the members have no numbers for scores.
        bool has_scores = squares[r] < infinity(), exists = first + r * 8 + (lane_id() >> 2) < a.rows.count;
        found[r] = exists ? (has_scores ? ~far : ~0u) & members : 0;
    }
}

// Which of the marks of a group says whether it has distances to a member.
DEVICE int mark_word(int member) { return member >> 1 & 3; }
DEVICE int mark_bit(int member) { return member >> 3 << 1 | (member & 1); }

// A lane's members: of the bits of a mark.
DEVICE int marked_member(int bit, int word) { return bit / 2 * 8 + word * 2 + bit % 2; }

DEVICE void mark_group(const MeasureArgs& a, int group, uint marks) {
    if (lane_id() < 4) {
        a.marks[group * 4 + lane_id()] = marks;
    }
}

// Where a group has a distance to a member, it has those of all rows: what is not measured lowers nothing.
DEVICE void clear_marked(const MeasureArgs& a, int first, uint marks) {
    float none = infinity();
#pragma unroll
    for (int i = 0; i < 4; i++) {
        int bit = (lane_id() >> 2) * 2 + i % 2 + i / 2 * 16;
        if (marks >> bit & 1) {
            float* to = a.distances + marked_member(bit, lane_id() & 3) * a.stride + first;
#pragma unroll
            for (int r = 0; r < GroupRows; r += 4) {
                *(float4*)(to + r) = float4{none, none, none, none};
            }
        }
    }
}

// A row's distance to a member, in the order of squares.cuh. Where the first eight fours are tells where all are.
DEVICE float group_distance(const float* rows, int row, const float* members, int m, int fours) {
    constexpr int Together = 8;
    const float *x[Together], *c[Together];
#pragma unroll
    for (int i = 0; i < Together; i++) {
        x[i] = rows + near_place(row, i);
        c[i] = members + near_place(m, i);
    }
    float sum = 0;
    auto add = [&](int four) {
#pragma unroll
        for (int i = 0; i < Together; i++) {
            sum = add_four_squares(load4(x[i] + four * 4), load4(c[i] + four * 4), sum);
        }
    };
    int four = 0;
    if (fours == NearColumns / 4) {
#pragma unroll
        for (; four < NearColumns / 4; four += Together) {
            add(four);
        }
    }
    for (; four + Together <= fours; four += Together) {
        add(four);
    }
    for (; four < fours; four++) {
        sum = add_four_squares(load4(rows + near_place(row, four)), load4(members + near_place(m, four)), sum);
    }
    return sum;
}

// Measures a warp's pairs, a lane a pair, or leaves the group to measure_members where they are many.
DEVICE void measure_group_pairs(const MeasureArgs& a, const NearPool& pool, NearGroup& own, int slot, int group, const uint (&found)[2]) {
    int own_pairs = __builtin_popcount(found[0]) + __builtin_popcount(found[1]), at = lanes_running_sum(own_pairs);
    int pairs = shuffle(at, 31);
    at -= own_pairs;
    if (pairs > MostNearOfGroup) {
        mark_group(a, group, ~0u);
        if (lane_id() == 0) {
            a.crowded->groups[atomic_add(&a.crowded->count, 1)] = group;
        }
        return;
    }
    uint marks = found[0] | found[1];
    marks |= shuffle_xor(marks, 4);
    marks |= shuffle_xor(marks, 8);
    marks |= shuffle_xor(marks, 16);
    mark_group(a, group, marks);
    clear_marked(a, group * GroupRows, marks);
    uint64 left = (uint64)found[1] << 32 | found[0];
    for (int from = 0; from < pairs; from += 32) {
        for (; left != 0 && at < from + 32; at++) {
            int place = __builtin_ctzll(left);
            left &= left - 1;
            own.pairs[at - from] = (unsigned short)((place / 32 * 8 + (lane_id() >> 2)) * GroupMembers + marked_member(place % 32, lane_id() & 3));
        }
        warp_barrier();
        if (from + lane_id() < pairs) {
            int row = own.pairs[lane_id()] / GroupMembers, m = own.pairs[lane_id()] % GroupMembers;
            a.distances[m * a.stride + group * GroupRows + row] = group_distance(own.rows[slot], row, pool.members, m, a.rows.dimension / 4);
        }
        warp_barrier();
    }
}

DEVICE void measure_groups(const MeasureArgs& a, NearPool& pool, NearGroup& own) {
    int groups = (a.rows.count + GroupRows - 1) / GroupRows, warps = block_threads() / 32;
    int group = block_id() * warps + warp_id(), step = grid_blocks() * warps;
    if (group < groups) {
        copy_group(a, own.rows[0], group * GroupRows);
    }
    float scale = prepare_pool(a, pool), longest = 0;
    uint members = 0;
    for (int bit = 0; bit < 32; bit++) {
        members |= marked_member(bit, lane_id() & 3) < a.member_count ? 1u << bit : 0;
    }
    for (int m = lane_id(); m < GroupMembers; m += 32) {
        longest = larger(longest, -pool.less[m]);
    }
    longest = root(2 * lanes_max(longest));
    for (int slot = 0; group < groups; group += step, slot ^= 1) {
        int first = group * GroupRows;
        if (group + step < groups) {
            copy_group(a, own.rows[slot ^ 1], first + step * GroupRows);
        }
        copy_commit();
        float sums[16][4], squares[2], nearest[2] = {a.nearest[first + (lane_id() >> 2)], a.nearest[first + 8 + (lane_id() >> 2)]};
        copy_wait<1>();
        warp_barrier();
        score_group(pool, own.rows[slot], group_width(a.rows.dimension), scale, sums, squares);
        uint found[2];
        near_bits(found, a, first, sums, squares, nearest, longest, scale, members);
        if (any_lane((found[0] | found[1]) != 0)) {
            measure_group_pairs(a, pool, own, slot, group, found);
        } else {
            mark_group(a, group, 0);
        }
        // The next but one comes to where this was.
        warp_barrier();
    }
}
