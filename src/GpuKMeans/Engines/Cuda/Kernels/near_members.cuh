// Squared distances from rows to the members of a pool, where one may be below the row's D²: no other can lower it. Scores on the
// tensor cores tell which may; these are measured by the differences and in the order of squares.cuh, so that they are the same bits.
#pragma once
#include <tensor.cuh>
#include "squares.cuh"

constexpr int NearColumns = 128;        // of a tile at once
constexpr int MostNear = 1024;          // of the pairs of a tile; where there are more, all are measured as quickly
constexpr int GroupRows = 16;

// Groups of rows with too many pairs to single them out, for measure_members: it leaves both counters 0.
struct Crowded {
    int count;
    int finished;               // blocks
    int groups[];
};

struct MeasureArgs {
    Rows rows;
    const float* members;       // member_count × dimension
    float* distances;           // members × stride
    const float* nearest;       // D² so far
    const float* origin;        // what rows and members are less
    Crowded* crowded;           // null where all are measured
    uint* marks;                // four for each group of rows: see near_groups.cuh
    int64 stride;               // a multiple of the rows of a tile, so that rows behind the last may be written
    int member_count;
};

// What a block has in shared memory: CudaSeeding.NearTileBytes.
struct alignas(16) NearTile {
    float rows[TileRows * NearColumns];
    float members[TileOthers * NearColumns];
    float origin[NearColumns];
    float half_squares[TileOthers];     // of the members
    int count;                          // of the pairs
    unsigned short pairs[MostNear];     // row × TileOthers + member
};
static_assert(sizeof(NearTile) == 101136);

// Where a row's four columns are. What lanes read together falls in different banks: four neighbours of each of two rows.
DEVICE int near_place(int row, int four) { return row * NearColumns + (four ^ ((row & 1) << 2 | (row >> 1 & 3))) * 4; }

// A float with as many digits as the tensor cores take.
DEVICE float shortened(float v) { return bits_float(float_bits(v) & 0xFFFFE000u); }

// Columns that products are made of: whole sixteens, with zeros behind the last.
DEVICE int near_width(int dimension, int from) { return least((dimension - from + 15) / 16 * 16, NearColumns); }

// Starts to copy columns, a warp a row, of rows that are `step` apart.
template <typename Row>
DEVICE void copy_near(float* to, int first, int count, int step, int from, int dimension, Row row) {
    int column = lane_id() * 4;
    bool exists = from + column < dimension;
    if (column < near_width(dimension, from)) {
        for (int r = first; r < count; r += step) {
            const float* values = row(r);
            copy_async_or_zeros<16>(shared_address(to + near_place(r, lane_id())), exists ? values + from + column : values, exists);
        }
    }
}

DEVICE void copy_near_rows(const MeasureArgs& a, NearTile& tile, int first, int from) {
    copy_near(tile.rows, warp_id(), TileRows, TileThreads / 32, from, a.rows.dimension,
        [&](int r) { return row_values(a.rows, least(first + r, a.rows.count - 1)); });
}

DEVICE const float* near_member(const MeasureArgs& a, int m) { return a.members + (int64)least(m, a.member_count - 1) * a.rows.dimension; }

DEVICE void copy_near_members(const MeasureArgs& a, NearTile& tile, int from) {
    copy_near(tile.members, warp_id(), TileOthers, TileThreads / 32, from, a.rows.dimension, [&](int m) { return near_member(a, m); });
}

// Half the squares of the members less the origin, a warp a member.
DEVICE void measure_near_squares(const MeasureArgs& a, NearTile& tile) {
    for (int m = warp_id(); m < TileOthers; m += TileThreads / 32) {
        const float* c = near_member(a, m);
        float square = 0;
        for (int d = lane_id(); d < a.rows.dimension; d += 32) {
            float v = shortened(c[d] - a.origin[d]);
            square = __builtin_fmaf(v, v, square);
        }
        square = lanes_sum(square);
        if (lane_id() == 0) {
            tile.half_squares[m] = 0.5f * square;
        }
    }
}

// With x and c a row and a member less the origin, shortened, the score x·c − ½‖c‖² is ½‖x‖² − ½‖x − c‖². Shortening, and the
// difference before it, take from x and from c less than 2^-10·1.002 of them. So where the measured distance d is below D²,
//
//   ‖x − c‖ < D·(1 + dimension·2^-24) + 2^-10·1.002·(‖x‖ + ‖c‖)
//
// for d is off by at most (dimension + 3)·2^-24 of it. Sums are off by at most (columns + 16)·2^-23·1.125·‖x‖·‖c‖ on the tensor cores,
// as in assign.cuh, and by columns·2^-24 of the squares: all that is within (dimension + 16)·2^-22·(‖x‖ + ‖c‖)². What is lost where
// products are too small for float32 is below 2^-90; rows so long that squares may be too large are measured.
//
// The least score of a member that may be that near; `longest` is the largest ‖c‖.
DEVICE float least_near_score(float square, float nearest, float longest, int dimension) {
    float both = root(square) + longest;
    float reach = root(nearest) * (1 + (float)dimension * 0x1p-24f) + 0x1.01p-10f * both;
    float score = 0.5f * (square - (reach * reach * (1 + 0x1p-20f) + 0x1p-90f)) - (float)(dimension + 16) * 0x1p-22f * both * both;
    return square < 0x1p120f ? score : -infinity();
}

// A lane's rows in a warp's 32 of the tile.
DEVICE int near_row(int r) { return warp_id() * 32 + r * 8 + (lane_id() >> 2); }

// Adds the products of the tile's columns, and the squares of the lane's part of its rows. Of sixteen columns a lane has four
// neighbours: products do not ask in which order columns come.
DEVICE void multiply_near(const NearTile& tile, int width, float (&sums)[2][8][4], float (&squares)[4]) {
    auto multiply_step = [&](int d) {
        int four = d / 4 + (lane_id() & 3);
        float4 o = load4(tile.origin + four * 4);
        uint rows[2][2][4];
#pragma unroll
        for (int r = 0; r < 4; r++) {
            float4 x = load4(tile.rows + near_place(near_row(r), four));
            float v[4] = {shortened(x.x - o.x), shortened(x.y - o.y), shortened(x.z - o.z), shortened(x.w - o.w)};
#pragma unroll
            for (int i = 0; i < 4; i++) {
                squares[r] = __builtin_fmaf(v[i], v[i], squares[r]);
                rows[r / 2][i / 2][i % 2 * 2 + r % 2] = float_bits(v[i]);
            }
        }
        uint members[8][4];
#pragma unroll
        for (int n = 0; n < 8; n++) {
            float4 c = load4(tile.members + near_place(n * 8 + (lane_id() >> 2), four));
            float v[4] = {shortened(c.x - o.x), shortened(c.y - o.y), shortened(c.z - o.z), shortened(c.w - o.w)};
#pragma unroll
            for (int i = 0; i < 4; i++) {
                members[n][i] = float_bits(v[i]);
            }
        }
        // No product waits for the one before.
#pragma unroll
        for (int half = 0; half < 2; half++) {
#pragma unroll
            for (int n = 0; n < 8; n++) {
#pragma unroll
                for (int m = 0; m < 2; m++) {
                    multiply_add_short(sums[m][n], rows[m][half], members[n][half * 2], members[n][half * 2 + 1]);
                }
            }
        }
    };
    if (width == NearColumns) {
        // In one piece, so that what the next step takes is read while this one multiplies.
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

// Lists the pairs of a row and a member that may be near. They are few.
DEVICE void list_near(const MeasureArgs& a, NearTile& tile, int first, const float (&sums)[2][8][4], const float (&squares)[4],
    const float (&nearest)[4], float longest) {
#pragma unroll
    for (int r = 0; r < 4; r++) {
        float square = squares[r];
        square += shuffle_xor(square, 1);
        square += shuffle_xor(square, 2);
        float least_score = least_near_score(square, nearest[r], longest, a.rows.dimension);
        uint found = 0;
#pragma unroll
        for (int n = 0; n < 8; n++) {
#pragma unroll
            for (int j = 0; j < 2; j++) {
                int m = n * 8 + (lane_id() & 3) * 2 + j;
                float score = sums[r / 2][n][r % 2 * 2 + j] - tile.half_squares[m];
                // Not "at least", so that a score which is no number is near.
                found |= !(score < least_score) && m < a.member_count ? 1u << (n * 2 + j) : 0;
            }
        }
        if (found == 0 || first + near_row(r) >= a.rows.count) {
            continue;
        }
        for (int slot = atomic_add(&tile.count, __builtin_popcount(found)); found != 0 && slot < MostNear; slot++) {
            int place = __builtin_ctz(found);
            found &= found - 1;
            tile.pairs[slot] = (unsigned short)(near_row(r) * TileOthers + place / 2 * 8 + (lane_id() & 3) * 2 + place % 2);
        }
    }
}

DEVICE float add_four_squares(const float4& x, const float4& c, float sum) {
    return add_square(x.w, c.w, add_square(x.z, c.z, add_square(x.y, c.y, add_square(x.x, c.x, sum))));
}

// A row's squares to a member, in the order of squares.cuh.
DEVICE float add_near_squares(const float* rows, int row, const float* members, int m, int fours, float sum) {
#pragma unroll 4
    for (int four = 0; four < fours; four++) {
        sum = add_four_squares(load4(rows + near_place(row, four)), load4(members + near_place(m, four)), sum);
    }
    return sum;
}

// Measures the pairs, a thread a pair. `bring` puts columns into the tile where they are not all there.
template <typename Bring>
DEVICE void measure_pairs(const MeasureArgs& a, const NearTile& tile, int first, Bring bring) {
    constexpr int Each = MostNear / TileThreads;
    float distances[Each] = {};
    for (int from = 0; from < a.rows.dimension; from += NearColumns) {
        bring(from);
        int fours = least(a.rows.dimension - from, NearColumns) / 4;
#pragma unroll
        for (int i = 0; i < Each; i++) {
            int pair = thread_id() + i * TileThreads;
            if (pair < tile.count) {
                int row = tile.pairs[pair] / TileOthers, m = tile.pairs[pair] % TileOthers;
                distances[i] = add_near_squares(tile.rows, row, tile.members, m, fours, distances[i]);
            }
        }
    }
#pragma unroll
    for (int i = 0; i < Each; i++) {
        int pair = thread_id() + i * TileThreads;
        if (pair < tile.count) {
            a.distances[tile.pairs[pair] % TileOthers * a.stride + first + tile.pairs[pair] / TileOthers] = distances[i];
        }
    }
}

// Where shared memory holds all columns, members stay there.
DEVICE void measure_near(const MeasureArgs& a, NearTile& tile) {
    int dimension = a.rows.dimension;
    bool all_columns = dimension <= NearColumns;
    measure_near_squares(a, tile);
    block_barrier();
    float longest = 0;
    for (int m = 0; m < TileOthers; m++) {
        longest = larger(longest, tile.half_squares[m]);
    }
    longest = root(2 * longest);
    for (int t = block_id(); t * TileRows < a.rows.count; t += grid_blocks()) {
        int first = t * TileRows;
        float sums[2][8][4] = {}, squares[4] = {}, nearest[4];
        for (int from = 0; from < dimension; from += NearColumns) {
            block_barrier();
            copy_near_rows(a, tile, first, from);
            if (!all_columns || t == block_id()) {
                copy_near_members(a, tile, from);
                copy_near(tile.origin, warp_id(), 1, TileThreads / 32, from, dimension, [&](int) { return a.origin; });
            }
            copy_commit();
            if (from == 0) {
                // What is not measured lowers nothing.
                float none = infinity();
                for (int m = warp_id(); m < a.member_count; m += TileThreads / 32) {
                    *(float4*)(a.distances + m * a.stride + first + lane_id() * 4) = float4{none, none, none, none};
                }
#pragma unroll
                for (int r = 0; r < 4; r++) {
                    nearest[r] = a.nearest[first + near_row(r)];
                }
                if (thread_id() == 0) {
                    tile.count = 0;
                }
            }
            copy_wait<0>();
            block_barrier();
            multiply_near(tile, near_width(dimension, from), sums, squares);
        }
        list_near(a, tile, first, sums, squares, nearest, longest);
        block_barrier();
        bool crowded = tile.count > MostNear;
        if (crowded && thread_id() == 0) {
            constexpr int Groups = TileRows / GroupRows;
            int at = atomic_add(&a.crowded->count, Groups);
            for (int i = 0; i < Groups; i++) {
                a.crowded->groups[at + i] = t * Groups + i;
            }
        }
        if (!crowded && tile.count > 0) {
            measure_pairs(a, tile, first, [&](int from) {
                if (!all_columns) {
                    block_barrier();
                    copy_near_rows(a, tile, first, from);
                    copy_near_members(a, tile, from);
                    copy_commit();
                    copy_wait<0>();
                    block_barrier();
                }
            });
        }
    }
}
