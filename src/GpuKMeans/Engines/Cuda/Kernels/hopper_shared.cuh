// The fast pass on Hopper for rows of 33 to 64 values. Four warps send for rows, 64 at a time, and round them, each its own sixteen; three
// groups of four multiply them by the centres, a tile of rows to each group in turn, and look at scores. Centres stay in shared memory
// where they find room, else they pass by in a ring.
//
// Rows are rounded once for all, by lanes that each have another part of them. Rounded rows and centres take no registers, so that scores
// of 128 centres are looked at in one go. With few centres the four warps that round are what the others wait for: one on each scheduler,
// they take as long as one instruction waits for another. So what waits there is counted, not instructions: the longest row of a warp is
// found in one instruction, and margins are told a tile late. Two groups that round were no faster, for want of registers. The rows of a
// warp share a scale: one that is hundreds of times as long as the others leaves these open.
#pragma once
#include "hopper_short.cuh"

constexpr int SharedGroups = 3;
constexpr int SharedRows = 64;              // a tile
constexpr int SharedWarpRows = 16;          // of a tile, that a warp rounds
constexpr int SharedColumns = 64;
constexpr int SharedSteps = SharedColumns / 16 + 1;     // with the columns that make scores keys
constexpr int SharedMostTiles = 8;          // of centres, that find room
constexpr int SharedAhead = 2;              // tiles that are on their way
constexpr int SharedRing = SharedGroups;    // tiles that are rounded: a place for each group

// Bytes from eight rounded columns of a tile to the next eight: so many more than they take that what lanes write together falls in
// different banks.
constexpr uint SharedPitch = SharedRows * 16 + 16;
constexpr uint SharedHalvesBytes = SharedSteps * 2 * SharedPitch;
constexpr uint SharedTileBytes = ShortStageBytes<SharedSteps - 1>;
constexpr uint SharedPieceBytes = SharedWarpRows * SharedColumns * 4;

struct SharedState {
    uint64 come[4][SharedAhead];        // the rows of a warp
    uint64 rounded[SharedRing];
    uint64 judged[SharedRing];          // margins are told
    uint64 free[SharedRing];
    uint64 full[SharedMostTiles];       // of centres
    uint64 empty[SharedMostTiles];
    int margins[SharedRing][SharedRows];
    float ratios[SharedRing][4];        // of the rows of a warp
};

// What lies where in shared memory: first the tiles of centres.
struct SharedPlaces {
    uint centers;
    uint halves;
    uint rows;
    SharedState* state;
    unsigned char* bytes;

    METHOD SharedPlaces(unsigned char* shared, int stages) {
        bytes = shared;
        centers = shared_address(shared);
        halves = centers + (uint)stages * SharedTileBytes;
        rows = halves + SharedRing * SharedHalvesBytes;
        state = (SharedState*)(shared + (rows - centers) + 4 * SharedAhead * SharedPieceBytes);
    }
};

DEVICE float choose(bool which, float yes, float no) { return which ? yes : no; }

// Of eight values a lane, summed over sixteen lanes, each pair of lanes gets one: that of its number among the pairs. Two of such sums
// at a time, for one waits as long.
DEVICE void share_sums_of_sixteen(const float (&v)[2][8], float (&sums)[2]) {
    bool upper = lane_id() & 8, second = lane_id() & 4, odd = lane_id() & 2;
    float four[2][4], two[2][2];
#pragma unroll
    for (int i = 0; i < 4; i++) {
#pragma unroll
        for (int k = 0; k < 2; k++) {
            four[k][i] = choose(upper, v[k][i + 4], v[k][i]) + shuffle_xor(choose(upper, v[k][i], v[k][i + 4]), 8);
        }
    }
#pragma unroll
    for (int i = 0; i < 2; i++) {
#pragma unroll
        for (int k = 0; k < 2; k++) {
            two[k][i] = choose(second, four[k][i + 2], four[k][i]) + shuffle_xor(choose(second, four[k][i], four[k][i + 2]), 4);
        }
    }
#pragma unroll
    for (int k = 0; k < 2; k++) {
        sums[k] = choose(odd, two[k][1], two[k][0]) + shuffle_xor(choose(odd, two[k][0], two[k][1]), 2);
    }
#pragma unroll
    for (int k = 0; k < 2; k++) {
        sums[k] += shuffle_xor(sums[k], 1);
    }
}

// Sends for the rows of a warp from a place on: in one piece where they follow each other in memory. Places after the last repeat it;
// what comes of them is not kept.
DEVICE void send_for_rows(const Rows& rows, uint to, int place, uint barrier) {
    uint row_bytes = (uint)rows.dimension * 4;
    if (lane_id() == 0) {
        barrier_expect(barrier, SharedWarpRows * row_bytes);
    }
    warp_barrier();
    if (!rows.index && place + SharedWarpRows <= rows.count) {
        if (lane_id() == 0) {
            copy_bulk(to, row_values(rows, place), SharedWarpRows * row_bytes, barrier);
        }
    } else if (lane_id() < SharedWarpRows) {
        copy_bulk(to + (uint)lane_id() * row_bytes, row_values(rows, least(place + lane_id(), rows.count - 1)), row_bytes, barrier);
    }
}

// How a warp comes by rows: all of their columns are sent for, as many as there are, or they cannot be sent for.
enum class RowsCome { Whole, Sent, Read };

// Rounds the rows of a warp: half a warp has a row, each lane four of its columns, and eight rows one after the other.
template <RowsCome Come>
DEVICE void round_shared(const AssignArgs& a, const SharedPlaces& at, int tiles) {
    constexpr bool Whole = Come == RowsCome::Whole, Sent = Come != RowsCome::Read;
    int warp = warp_id() & 3, half = lane_id() >> 4, four = lane_id() & 15, dimension = Whole ? SharedColumns : a.rows.dimension;
    bool exists = !Sent || Whole || four * 4 < dimension;
    Extremes extremes = *a.centers.extremes;
    float scale = centers_scale(extremes.largest);
    float origin[4];
    read4<Sent>(origin, a.centers.origin, four * 4, dimension);
#pragma unroll
    for (int i = 0; i < 4; i++) {
        origin[i] *= -scale;
    }
    SharedState& state = *at.state;
    uint come = shared_address(state.come[warp]), rounded = shared_address(state.rounded), free = shared_address(state.free);
    uint judged = shared_address(state.judged);
    uint own_rows = at.rows + (uint)warp * (SharedAhead * SharedPieceBytes);
    const unsigned char* from = at.bytes + (own_rows - at.centers) + (half * dimension + (exists ? four * 4 : 0)) * 4;
    unsigned char* halves = at.bytes + (at.halves - at.centers) + warp * (SharedWarpRows * 16);
    unsigned char* to = halves + four / 2 * (int)SharedPitch + half * 16 + (four & 1) * 8;

    // The row of this lane, when its pair has the sums of one.
    int own = warp * SharedWarpRows + ((lane_id() & 14) >> 1) * 2 + half;
    auto place_of = [&](int n) { return (block_id() + n * grid_blocks()) * SharedRows + warp * SharedWarpRows; };
    for (int n = 0; Sent && n < least(SharedAhead, tiles); n++) {
        send_for_rows(a.rows, own_rows + (uint)n * SharedPieceBytes, place_of(n), come + n * 8);
    }
    // The margins of a tile are told with the lengths of the next, whose sums wait as long: here is what they come from, of the tile before.
    float sums[2][8] = {}, norm = 0, ratio = 0;     // squares, and what is lost of them
    int before = 0;
    auto tell_margins = [&](float lost) {
        int margin = short_key_margin(extremes, norm, lost, ratio, SharedColumns);
        if ((lane_id() & 1) == 0) {
            state.margins[before][own] = margin;
            barrier_arrive(judged + before * 8);
        }
    };
    Turn turn, place;
    for (int n = 0; n < tiles; n++) {
        float v[8][4];
        if constexpr (Sent) {
            barrier_wait(come + turn.at * 8, turn.parity);
        }
#pragma unroll
        for (int i = 0; i < 8; i++) {
            const float* row = Sent ? (const float*)(from + (uint)turn.at * SharedPieceBytes) + i * 2 * dimension
                : row_values(a.rows, least(place_of(n) + i * 2 + half, a.rows.count - 1));
            if constexpr (Sent) {
                float4 x = load4(row);
                v[i][0] = x.x, v[i][1] = x.y, v[i][2] = x.z, v[i][3] = x.w;
            } else {
                read4<false>(v[i], row, four * 4, dimension);
            }
        }
#pragma unroll
        for (int i = 0; i < 8; i++) {
#pragma unroll
            for (int j = 0; j < 4; j++) {
                v[i][j] = choose(exists, __builtin_fmaf(v[i][j], scale, origin[j]), 0);
                sums[0][i] = j == 0 ? v[i][0] * v[i][0] : __builtin_fmaf(v[i][j], v[i][j], sums[0][i]);
            }
        }
        if constexpr (Sent) {
            async_sees_shared();    // a copy must not come before what was read of the piece either
        }
        warp_barrier();
        if (Sent && n + SharedAhead < tiles) {
            send_for_rows(a.rows, own_rows + (uint)turn.at * SharedPieceBytes, place_of(n + SharedAhead), come + turn.at * 8);
        }
        float shares[2];
        share_sums_of_sixteen(sums, shares);
        if (n > 0) {
            tell_margins(shares[1]);
        }
        norm = near_root(shares[0]);
        ratio = short_ratio(extremes, largest_of_warp(norm));
        before = place.at;
        barrier_wait(free + place.at * 8, place.parity ^ 1);
#pragma unroll
        for (int i = 0; i < 8; i++) {
            sums[1][i] = 0;
            uint low = round_pair(v[i][0] * ratio, v[i][1] * ratio, sums[1][i]);
            uint high = round_pair(v[i][2] * ratio, v[i][3] * ratio, sums[1][i]);
            *(uint64*)(to + (uint)place.at * SharedHalvesBytes + i / 4 * 128 + i % 4 * 32) = (uint64)high << 32 | low;
        }
        if (lane_id() < SharedWarpRows) {
            // The columns behind the values: the offset of keys and, twice, the scale (extra_columns has them for lanes of a quad).
            uint factor = half_pair(ratio * (1 / ShortSquareScale), 0);
            unsigned char* extra = halves + (uint)place.at * SharedHalvesBytes + (SharedSteps - 1) * 2 * SharedPitch + lane_id() * 16;
            *(int4*)extra = int4{(int)(half_pair(ShortOffsetFactor, 0) | factor << 16), (int)factor, 0, 0};
            *(int4*)(extra + SharedPitch) = int4{0, 0, 0, 0};
        }
        if (lane_id() == 0) {
            state.ratios[place.at][warp] = ratio;
        }
        async_sees_shared();
        warp_barrier();
        if (lane_id() == 0) {
            barrier_arrive(rounded + place.at * 8);
        }
        turn.next(SharedAhead);
        place.next(SharedRing);
    }
    if (tiles > 0) {
        float shares[2];
        share_sums_of_sixteen(sums, shares);
        tell_margins(shares[1]);
    }
}

DEVICE void send_for_centers(const AssignArgs& a, const SharedPlaces& at, int tile, int stage) {
    uint barrier = shared_address(&at.state->full[stage]);
    barrier_expect(barrier, SharedTileBytes);
    copy_bulk(at.centers + (uint)stage * SharedTileBytes, (const char*)a.centers.tiles_of_halves + (int64)tile * SharedTileBytes,
        SharedTileBytes, barrier);
}

// The scores of a tile of rows, as keys want them, by a tile of centres.
DEVICE void multiply_shared_tile(float (&sums)[TileCenters / 2], uint rows, uint centers) {
    products_begin();
#pragma unroll
    for (int s = 0; s < SharedSteps; s++) {
        multiply_add(sums, rows + (uint)s * (2 * SharedPitch / 16), centers + s * 2 * TileCenters, s);
    }
    products_commit();
    products_wait(sums);
}

// A few tiles of centres, of which all that is looked at finds a register.
constexpr int SharedFewTiles = 2;

// Multiplies the tiles of a group, and labels their rows. `All`: whether all centres find room. Else they pass by in a ring, to all
// groups, and a thread of the first sends for what comes into the place of a tile that it left half a round ago. multiply_few is the
// same for all centres in few tiles.
template <bool All>
DEVICE void multiply_shared(const AssignArgs& a, const SharedPlaces& at, int tiles) {
    int group = warp_id() / 4, warp = warp_id() & 3, center_tiles = a.centers.tiles, stages = a.stages;
    SharedState& state = *at.state;
    uint full = shared_address(state.full), empty = shared_address(state.empty), factor = key_factor();
    int passes = (tiles + SharedGroups - 1) / SharedGroups;
    int copies = passes * center_tiles - stages, next = stages, step = 0;     // of the thread that sends
    Turn turn, behind;
    uint parity = 0;        // of the rounds of the group's place
    for (int n = group; n < passes * SharedGroups; n += SharedGroups) {
        bool exists = n < tiles;        // if not, centres pass by all the same
        if (All && !exists) {
            break;
        }
        uint rows = matrix_of_blocks(at.halves + (uint)group * SharedHalvesBytes, SharedPitch);
        if (exists) {
            barrier_wait(shared_address(state.rounded) + group * 8, parity);
            if (!All) {
                barrier_wait(shared_address(state.judged) + group * 8, parity);
            }
        }
        RowBest<Places> best[2];
        const int* row_margins = &state.margins[group][warp * SharedWarpRows + (lane_id() >> 2)];
        int margins[2] = {All ? 0 : row_margins[0], All ? 0 : row_margins[8]}, limits[2] = {NoKey, NoKey};
        float ratio = 0;
        for (int t = 0; t < center_tiles; t++) {
            if constexpr (!All) {
                if (thread_id() == 0 && copies > 0 && step >= stages / 2) {
                    barrier_wait(empty + behind.at * 8, behind.parity);
                    send_for_centers(a, at, next, behind.at);
                    behind.next(stages);
                    next = next + 1 == center_tiles ? 0 : next + 1;
                    copies--;
                }
                step++;
                warp_barrier();
            }
            if (!All || n == group) {
                barrier_wait(full + turn.at * 8, turn.parity);
            }
            float sums[TileCenters / 2];
            if (All || exists) {
                uint centers = matrix_of_blocks(at.centers + (uint)turn.at * SharedTileBytes, TileCenters * 16);
                multiply_shared_tile(sums, rows, centers);
            }
            bool leaves = t == center_tiles - 1 && (All || exists);
            if (leaves) {
                barrier_wait(shared_address(state.judged) + group * 8, parity);
                parity ^= 1;
                margins[0] = row_margins[0];
                margins[1] = row_margins[8];
                ratio = state.ratios[group][warp];
            }
            if (!All || leaves) {
                warp_barrier();
                if (leaves) {
                    barrier_arrive(shared_address(state.free) + group * 8);
                }
                if (!All && lane_id() == 0) {
                    barrier_arrive(empty + turn.at * 8);
                }
            }
            // What came first never leaves where all find room.
            turn.next(All ? center_tiles : stages);
            turn.parity = All ? 0 : turn.parity;
            if (All || exists) {
                keep_best<TileCenters, !All>(best, limits, sums, margins, factor, t);
            }
        }
        if (exists) {
            int tile = block_id() + n * grid_blocks();
            finish_rows(a, best, margins, ratio, tile * SharedRows + warp * SharedWarpRows + (lane_id() >> 2));
        }
    }
}

template <int Tile>
DEVICE void keep_few(RowGrid<Places, SharedFewTiles, TileCenters> (&best)[2], uint rows, uint centers) {
    float sums[TileCenters / 2];
    multiply_shared_tile(sums, rows, centers + Tile * (SharedTileBytes / 16));
    keep_row<TileCenters, Tile, 0>(best[0], sums);
    keep_row<TileCenters, Tile, 1>(best[1], sums);
}

DEVICE void multiply_few(const AssignArgs& a, const SharedPlaces& at, int tiles) {
    int group = warp_id() / 4, warp = warp_id() & 3;
    SharedState& state = *at.state;
    uint rows = matrix_of_blocks(at.halves + (uint)group * SharedHalvesBytes, SharedPitch);
    uint centers = matrix_of_blocks(at.centers, TileCenters * 16);
    const int* row_margins = &state.margins[group][warp * SharedWarpRows + (lane_id() >> 2)];
    for (int t = 0; t < SharedFewTiles; t++) {
        barrier_wait(shared_address(state.full) + t * 8, 0);
    }
    uint parity = 0;
    for (int n = group; n < tiles; n += SharedGroups) {
        barrier_wait(shared_address(state.rounded) + group * 8, parity);
        RowGrid<Places, SharedFewTiles, TileCenters> best[2];
        keep_few<0>(best, rows, centers);
        keep_few<1>(best, rows, centers);
        barrier_wait(shared_address(state.judged) + group * 8, parity);
        parity ^= 1;
        int margins[2] = {row_margins[0], row_margins[8]};
        float ratio = state.ratios[group][warp];
        warp_barrier();
        barrier_arrive(shared_address(state.free) + group * 8);
        finish_rows(a, best, margins, ratio, (block_id() + n * grid_blocks()) * SharedRows + warp * SharedWarpRows + (lane_id() >> 2));
    }
}

DEVICE void assign_shared(const AssignArgs& a) {
    DYNAMIC_SHARED(shared, 128);
    SharedPlaces at(shared, a.stages);
    SharedState& state = *at.state;
    if (thread_id() == 0) {
        for (int s = 0; s < SharedRing; s++) {
            barrier_init(shared_address(&state.rounded[s]), 4);
            barrier_init(shared_address(&state.judged[s]), 4 * SharedWarpRows);
            barrier_init(shared_address(&state.free[s]), 4 * 32);
        }
        for (int w = 0; w < 4; w++) {
            for (int i = 0; i < SharedAhead; i++) {
                barrier_init(shared_address(&state.come[w][i]), 1);
            }
        }
        for (int s = 0; s < a.stages; s++) {
            barrier_init(shared_address(&state.full[s]), 1);
            barrier_init(shared_address(&state.empty[s]), SharedGroups * 4);
        }
        barrier_init_fence();
    }
    block_barrier();
    int tiles = (a.rows.count + SharedRows - 1) / SharedRows;
    int own_tiles = (tiles - block_id() + grid_blocks() - 1) / grid_blocks();
    if (warp_id() / 4 == SharedGroups) {
        give_registers<104>();
        for (int t = 0; t < a.stages && thread_id() == SharedGroups * 128; t++) {
            send_for_centers(a, at, t, t);
        }
        warp_barrier();
        if (a.rows.dimension == SharedColumns) {
            round_shared<RowsCome::Whole>(a, at, own_tiles);
        } else if (a.rows.dimension % 4 == 0) {
            round_shared<RowsCome::Sent>(a, at, own_tiles);
        } else {
            round_shared<RowsCome::Read>(a, at, own_tiles);
        }
        return;
    }
    take_registers<136>();
    bool all = a.stages == a.centers.tiles;
    if (all && a.centers.tiles == SharedFewTiles) {
        multiply_few(a, at, own_tiles);
    } else if (all) {
        multiply_shared<true>(a, at, own_tiles);
    } else {
        multiply_shared<false>(a, at, own_tiles);
    }
}
