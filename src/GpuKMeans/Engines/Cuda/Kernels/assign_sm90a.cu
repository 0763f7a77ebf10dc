// The fast pass on Hopper for up to 128 columns: as in assign.cu, with the roles in a block divided. One warp sends for
// tiles of centres, three warps round rows, and each of three groups of four warps multiplies 64 rows by 128 centres at a
// time and keeps the two best scores. Rows for the next tile are rounded while this one is multiplied.
#include "hopper_tile.cuh"

constexpr int Groups = 3;
constexpr int TileRows = Groups * 64;
constexpr int RoundingWarps = 3;
constexpr int RowUnits = TileRows / 8 / RoundingWarps;  // of eight rows, for a warp to round
constexpr int BlockPitch = TileRows * 16 + 16;          // bytes; 16 more than the blocks so that stores fall in other banks
constexpr int HalfSquareSlots = 16;

// Shared memory behind the rows and the ring of centres.
struct BlockState {
    float half_squares[HalfSquareSlots][TileCenters];
    float2 scales[2][TileRows];     // ratio and margin of each row
    uint64 rows_full[2];
    uint64 rows_empty[2];
    uint64 centers_full[MostStages];
    uint64 centers_empty[MostStages];
};

// What 8 lanes share of a row: each has four neighbouring values of every 32.
template <bool Vectors, int Values>
DEVICE void read_row(float (&v)[Values], const float* row, int dimension) {
    int first = (lane_id() & 7) * 4;
#pragma unroll
    for (int i = 0; i < Values; i += 4) {
        int d = first + i * 8;
        if constexpr (Vectors) {
            float4 four = d < dimension ? load4(row + d) : float4{0, 0, 0, 0};
            v[i] = four.x, v[i + 1] = four.y, v[i + 2] = four.z, v[i + 3] = four.w;
        } else {
#pragma unroll
            for (int j = 0; j < 4; j++) {
                v[i + j] = d + j < dimension ? row[d + j] : 0;
            }
        }
    }
}

// Rounds a tile of rows into shared memory. Eight lanes share a row, and have two rows at once, so that the one's sums do
// not wait for the other's.
template <bool Vectors, int Steps>
DEVICE void round_tile(const AssignArgs& a, BlockState& state, uint values, int first, Turn turn) {
    constexpr int Values = Steps == 1 ? 4 : Steps * 2;  // of a row, for a lane
    int dimension = a.rows.dimension, lane = lane_id() & 7, lane_row = lane_id() >> 3;
    Extremes extremes = *a.centers.extremes;
    int centers_exponent = half_scale_exponent(bits_float(extremes.largest));
    float origin[Values];
    read_row<Vectors>(origin, a.centers.origin, dimension);

    // A unit is eight rows, and the warp's units are every third of the tile's. Listed rows are looked up all at once: two
    // of the warp's 64 a lane.
    auto row_at = [&](int unit, int row) { return (unit * RoundingWarps + warp_id() - 1) * 8 + row; };
    auto place_of = [&](int unit, int row) { return least(first + row_at(least(unit, RowUnits - 1), row), a.rows.count - 1); };
    int64 listed[2] = {};
    if (a.rows.index) {
        listed[0] = a.rows.index[place_of(lane_id() >> 3, lane_id() & 7)];
        listed[1] = a.rows.index[place_of(4 + (lane_id() >> 3), lane_id() & 7)];
    }
    auto read_unit = [&](float (&v)[2][Values], int unit) {
#pragma unroll
        for (int r = 0; r < 2; r++) {
            int64 number = a.rows.start + place_of(unit, lane_row + r * 4);
            if (a.rows.index) {
                int clamped = least(unit, RowUnits - 1);
                number = shuffle(clamped < 4 ? listed[0] : listed[1], clamped % 4 * 8 + lane_row + r * 4);
            }
            read_row<Vectors>(v[r], a.rows.values + number * dimension, dimension);
        }
    };
    auto round_unit = [&](int unit, float (&v)[2][Values]) {
        float largest[2] = {}, square[2][2] = {}, residual[2][2] = {};
#pragma unroll
        for (int i = 0; i < Values; i++) {
#pragma unroll
            for (int r = 0; r < 2; r++) {
                v[r][i] -= origin[i];
                largest[r] = larger(largest[r], magnitude(v[r][i]));
            }
        }
        RowScale scale[2];
#pragma unroll
        for (int r = 0; r < 2; r++) {
            scale[r] = row_scale(lanes_max<8>(largest[r]), centers_exponent);
        }
#pragma unroll
        for (int i = 0; i < Values; i += 4) {
#pragma unroll
            for (int r = 0; r < 2; r++) {
                float* x = v[r] + i;
#pragma unroll
                for (int j = 0; j < 4; j++) {
                    x[j] *= scale[r].scale;
                    square[r][j % 2] = __builtin_fmaf(x[j], x[j], square[r][j % 2]);
                }
                uint pair[2] = {half_pair(x[0], x[1]), half_pair(x[2], x[3])};
#pragma unroll
                for (int j = 0; j < 4; j++) {
                    float lost = x[j] - half_value(pair[j / 2] >> (j % 2 * 16));
                    residual[r][j % 2] = __builtin_fmaf(lost, lost, residual[r][j % 2]);
                }
                int d = lane * 4 + i * 8;
                if (Steps > 1 || lane < 4) {
                    asm volatile("st.shared.v2.b32 [%0], {%1, %2};"
                        ::"r"(values + (uint)(d / 8 * BlockPitch + row_at(unit, lane_row + r * 4) * 16 + d % 8 * 2)), "r"(pair[0]), "r"(pair[1]));
                }
            }
        }
#pragma unroll
        for (int r = 0; r < 2; r++) {
            float norm = near_root(lanes_sum<8>(square[r][0] + square[r][1]));
            float lost = near_root(lanes_sum<8>(residual[r][0] + residual[r][1])) + 0x1p-23f * norm;
            float margin = score_margin(extremes, norm, lost, scale[r].ratio, a.centers.padded_columns);
            if (lane == 0) {
                state.scales[turn.at][row_at(unit, lane_row + r * 4)] = float2{scale[r].ratio, scale[r].fits ? margin : infinity()};
            }
        }
    };

    // One unit is on its way while another is rounded, in registers of its own: to move it would be to wait for it. Those
    // of the next tile come to the cache meanwhile.
    float even[2][Values], odd[2][Values];
    read_unit(even, 0);
    barrier_wait(shared_address(&state.rows_empty[turn.at]), turn.parity ^ 1);
#pragma unroll 1
    for (int unit = 0; unit < RowUnits; unit += 2) {
        int later = first + row_at(unit, lane_id() & 7) + (lane_id() >= 16 ? row_at(1, 0) - row_at(0, 0) : 0) + grid_blocks() * TileRows;
        if (!a.rows.index && later < a.rows.count) {
            const float* row = row_values(a.rows, later);
            int d = (lane_id() >> 3 & 1) * 64;
            prefetch(row + least(d, dimension - 1));
            prefetch(row + least(d + 32, dimension - 1));
        }
        read_unit(odd, unit + 1);
        round_unit(unit, even);
        read_unit(even, unit + 2);
        round_unit(unit + 1, odd);
    }
    fence_for_tensor_cores();
    warp_barrier();
    if (lane_id() == 0) {
        barrier_arrive(shared_address(&state.rows_full[turn.at]));
    }
}

template <int Steps>
DEVICE void assign_tiles(const AssignArgs& a) {
    constexpr uint StageBytes = TileCenters * Steps * 16 * 2;
    constexpr uint RowBytes = (Steps * 2 * BlockPitch + 127) & ~127;
    extern SHARED __attribute__((aligned(128))) unsigned char shared[];
    uint rows_at = shared_address(shared);
    BlockState& state = *(BlockState*)(shared + 2 * RowBytes + a.stages * StageBytes);
    CenterRing ring = {shared_address(state.centers_full), shared_address(state.centers_empty), rows_at + 2 * RowBytes,
        shared_address(state.half_squares)};
    if (thread_id() == 0) {
        for (int b = 0; b < 2; b++) {
            barrier_init(shared_address(&state.rows_full[b]), RoundingWarps);
            barrier_init(shared_address(&state.rows_empty[b]), Groups * 4);
        }
        for (int s = 0; s < MostStages; s++) {
            barrier_init(ring.full + s * 8, 1);
            barrier_init(ring.empty + s * 8, Groups * 4);
        }
        barrier_init_fence();
    }
    block_barrier();

    int tiles = (a.rows.count + TileRows - 1) / TileRows;
    int group = warp_id() / 4 - 1;
    Turn rows, centers, slot;   // slot: of half squared lengths
    if (group < 0 && warp_id() == 0) {
        if (lane_id() == 0) {
            for (int tile = block_id(); tile < tiles; tile += grid_blocks()) {
                for (int t = 0; t < a.centers.tiles; t++) {
                    send_centers(a, ring, centers, slot, HalfSquareSlots, t, 0, 1, StageBytes);
                }
            }
        }
    } else if (group < 0) {
        for (int tile = block_id(); tile < tiles; tile += grid_blocks()) {
            if (a.rows.dimension % 4 == 0) {
                round_tile<true, Steps>(a, state, rows_at + rows.at * RowBytes, tile * TileRows, rows);
            } else {
                round_tile<false, Steps>(a, state, rows_at + rows.at * RowBytes, tile * TileRows, rows);
            }
            rows.next(2);
        }
    } else {
        int own_row = group * 64 + warp_id() % 4 * 16 + (lane_id() >> 2);
        for (int tile = block_id(); tile < tiles; tile += grid_blocks()) {
            barrier_wait(shared_address(&state.rows_full[rows.at]), rows.parity);
            float2 scales[2] = {state.scales[rows.at][own_row], state.scales[rows.at][own_row + 8]};
            float ratios[2] = {scales[0].x, scales[1].x}, margins[2] = {scales[0].y, scales[1].y};
            uint x = matrix_of_blocks(rows_at + rows.at * RowBytes + group * 64 * 16, BlockPitch);
            BestTwo best[2];
            for (int t = 0; t < a.centers.tiles; t++) {
                float sums[64];
                barrier_wait(ring.full + centers.at * 8, centers.parity);
                uint c = matrix_of_blocks(ring.values + centers.at * StageBytes, TileCenters * 16);
                products_begin();
#pragma unroll
                for (int s = 0; s < Steps; s++) {
                    multiply_add(sums, x + (s * 2 * BlockPitch >> 4), c + (s * 2 * TileCenters * 16 >> 4), s > 0);
                }
                products_commit();
                products_wait();
                if (lane_id() == 0) {
                    barrier_arrive(ring.empty + centers.at * 8);
                }
                centers.next(a.stages);
                to_scores(sums, (const float2*)state.half_squares[slot.at] + (lane_id() & 3), ratios);
                slot.next(HalfSquareSlots);
                keep_best(best, sums, margins, t);
            }
            if (lane_id() == 0) {
                barrier_arrive(shared_address(&state.rows_empty[rows.at]));
            }
            rows.next(2);
            decide(a, best, margins, tile * TileRows + own_row);
        }
    }
}

GLOBAL BOUNDS(512, 1) void assign_hopper_16(AssignArgs a) { assign_tiles<1>(a); }
GLOBAL BOUNDS(512, 1) void assign_hopper_32(AssignArgs a) { assign_tiles<2>(a); }
GLOBAL BOUNDS(512, 1) void assign_hopper_64(AssignArgs a) { assign_tiles<4>(a); }
GLOBAL BOUNDS(512, 1) void assign_hopper_128(AssignArgs a) { assign_tiles<8>(a); }
