// The fast pass on Hopper for up to 128 columns: as in assign.cu, with the roles in a block divided. One warp sends for
// tiles of centres, three warps round rows, and each of three groups of four warps multiplies 64 rows by 128 centres at a
// time and keeps the two best scores. Rows for the next tile are rounded while this one is multiplied.
#include "hopper_tile.cuh"

constexpr int Groups = 3;
constexpr int TileRows = Groups * 64;
constexpr int RoundingWarps = 3;
constexpr int RowUnits = TileRows / 4 / RoundingWarps;  // of four rows, for a warp to round
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
template <bool Vectors>
DEVICE void read_row(float (&v)[16], const float* row, int dimension) {
    int first = (lane_id() & 7) * 4;
#pragma unroll
    for (int i = 0; i < 4; i++) {
        int d = first + i * 32;
        if constexpr (Vectors) {
            float4 four = d < dimension ? load4(row + d) : float4{0, 0, 0, 0};
            v[i * 4] = four.x, v[i * 4 + 1] = four.y, v[i * 4 + 2] = four.z, v[i * 4 + 3] = four.w;
        } else {
#pragma unroll
            for (int j = 0; j < 4; j++) {
                v[i * 4 + j] = d + j < dimension ? row[d + j] : 0;
            }
        }
    }
}

// Rounds a tile of rows into shared memory; eight lanes a row.
template <bool Vectors>
DEVICE void round_tile(const AssignArgs& a, BlockState& state, uint values, int first, Turn turn) {
    int dimension = a.rows.dimension, columns = a.centers.tiled_columns;
    Extremes extremes = *a.centers.extremes;
    int centers_exponent = half_scale_exponent(bits_float(extremes.largest));
    int lane = lane_id() & 7;

    // The warp's units are every third of the tile's. Listed rows are looked up all at once: two of the warp's 64 a lane.
    auto place_of = [&](int unit, int row) {
        return least(first + (least(unit, RowUnits - 1) * RoundingWarps + warp_id() - 1) * 4 + row, a.rows.count - 1);
    };
    int64 listed[2] = {};
#pragma unroll
    for (int i = 0; i < 2 && a.rows.index; i++) {
        listed[i] = a.rows.index[place_of(i * 8 + (lane_id() >> 2), lane_id() & 3)];
    }
    auto row_of = [&](int unit) {
        int64 number = a.rows.start + place_of(unit, lane_id() >> 3);
        if (a.rows.index) {
            int clamped = least(unit, RowUnits - 1);
            number = shuffle(clamped < 8 ? listed[0] : listed[1], clamped % 8 * 4 + (lane_id() >> 3));
        }
        return a.rows.values + number * dimension;
    };
    float origin[16];
    read_row<Vectors>(origin, a.centers.origin, dimension);
    auto round_row = [&](int row, float (&v)[16]) {
        float largest = 0;
#pragma unroll
        for (int i = 0; i < 16; i++) {
            v[i] -= origin[i];
            largest = larger(largest, magnitude(v[i]));
        }
        RowScale scale = row_scale(lanes_max<8>(largest), centers_exponent);
        float square = 0, residual = 0;
#pragma unroll
        for (int i = 0; i < 16; i++) {
            v[i] *= scale.scale;
            square = __builtin_fmaf(v[i], v[i], square);
        }
#pragma unroll
        for (int i = 0; i < 16; i += 4) {
            uint pair[2] = {half_pair(v[i], v[i + 1]), half_pair(v[i + 2], v[i + 3])};
#pragma unroll
            for (int j = 0; j < 4; j++) {
                float lost = v[i + j] - half_value(pair[j / 2] >> (j % 2 * 16));
                residual = __builtin_fmaf(lost, lost, residual);
            }
            int d = lane * 4 + i * 8;
            if (d < columns) {
                asm volatile("st.shared.v2.b32 [%0], {%1, %2};"
                    ::"r"(values + (uint)(d / 8 * BlockPitch + row * 16 + d % 8 * 2)), "r"(pair[0]), "r"(pair[1]) : "memory");
            }
        }
        float norm = root(lanes_sum<8>(square));
        float lost = root(lanes_sum<8>(residual)) + 0x1p-23f * norm;
        float margin = score_margin(extremes, norm, lost, scale.ratio, a.centers.padded_columns);
        if (lane == 0) {
            state.scales[turn.at][row] = float2{scale.ratio, scale.fits ? margin : infinity()};
        }
    };

    // A row is in flight in one of three sets of registers while the two before it are rounded or on their way; moving
    // them from set to set would wait for the loads.
    constexpr int Ahead = 2;
    float v[Ahead + 1][16];
#pragma unroll
    for (int i = 0; i < Ahead; i++) {
        read_row<Vectors>(v[i], row_of(i), dimension);
    }
    barrier_wait(shared_address(&state.rows_empty[turn.at]), turn.parity ^ 1);
#pragma unroll 1
    for (int unit = 0; unit < RowUnits; unit += Ahead + 1) {
#pragma unroll
        for (int i = 0; i <= Ahead; i++) {
            read_row<Vectors>(v[(i + Ahead) % (Ahead + 1)], row_of(unit + i + Ahead), dimension);
            if (unit + i < RowUnits) {
                int row = ((unit + i) * RoundingWarps + warp_id() - 1) * 4 + (lane_id() >> 3);
                int later = first + row + grid_blocks() * TileRows;
                if (!a.rows.index && later < a.rows.count) {
                    prefetch(row_values(a.rows, later) + least(lane * 32, dimension - 1));
                }
                round_row(row, v[i]);
            }
        }
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
    Turn rows, centers, slot;
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
                round_tile<true>(a, state, rows_at + rows.at * RowBytes, tile * TileRows, rows);
            } else {
                round_tile<false>(a, state, rows_at + rows.at * RowBytes, tile * TileRows, rows);
            }
            rows.next(2);
        }
    } else {
        int own_row = group * 64 + warp_id() % 4 * 16 + (lane_id() >> 2);
        for (int tile = block_id(); tile < tiles; tile += grid_blocks()) {
            barrier_wait(shared_address(&state.rows_full[rows.at]), rows.parity);
            float2 scales[2] = {state.scales[rows.at][own_row], state.scales[rows.at][own_row + 8]};
            float ratios[2] = {scales[0].x, scales[1].x}, margins[2] = {scales[0].y, scales[1].y};
            uint64 x = matrix_of_blocks(rows_at + rows.at * RowBytes + group * 64 * 16, BlockPitch, 128);
            BestTwo best[2];
            for (int t = 0; t < a.centers.tiles; t++) {
                float sums[64];
                barrier_wait(ring.full + centers.at * 8, centers.parity);
                uint64 c = matrix_of_blocks(ring.values + centers.at * StageBytes, TileCenters * 16, 128);
                products_begin();
#pragma unroll
                for (int s = 0; s < Steps; s++) {
                    multiply_add(sums, x + (uint64)(s * 2 * BlockPitch >> 4), c + (uint64)(s * 2 * TileCenters * 16 >> 4), s);
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
