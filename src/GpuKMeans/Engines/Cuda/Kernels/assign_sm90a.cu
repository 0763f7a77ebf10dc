// The fast pass on Hopper: as in assign.cu, with the roles in a block divided. One warp sends for tiles of centres, three
// warps round rows, and each further four warps multiply 64 rows by 128 centres at a time and keep the two best scores.
// Rows for the next tile are rounded while this one is multiplied, where shared memory has room for both.
#include "best.cuh"
#include "hopper.cuh"

constexpr int TileCenters = 128;
constexpr int MostStages = 8;
constexpr int RoundingWarps = 3;

// Shared memory behind the rows and the ring of centres.
template <int Groups>
struct BlockState {
    uint64 rows_full[2];
    uint64 rows_empty[2];
    uint64 centers_full[MostStages];
    uint64 centers_empty[MostStages];
    float2 scales[2][Groups * 64];  // ratio and margin of each row, for as many buffers as there are
};

// A position in a ring of buffers, and the parity of the round.
struct Turn {
    int at = 0;
    uint parity = 0;

    inline __attribute__((device, always_inline)) void next(int size) {
        if (++at == size) {
            at = 0;
            parity ^= 1;
        }
    }
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

template <bool Vectors, int Groups>
DEVICE void round_rows_of_tile(const AssignArgs& a, BlockState<Groups>& state, uint values, int buffer, int first, Turn turn) {
    constexpr int Rows = Groups * 64;
    constexpr int BlockPitch = Rows * 16 + 16;   // bytes; 16 more than the blocks so that stores fall in other banks
    int dimension = a.rows.dimension, columns = a.centers.tiled_columns;
    int centers_exponent = half_scale_exponent(bits_float(a.centers.extremes->largest));
    int lane = lane_id() & 7;
    auto row_of = [&](int unit) {
        return row_values(a.rows, least(first + unit * 4 + (lane_id() >> 3), a.rows.count - 1));
    };
    auto put = [&](int row, int d, const float* v, float scale, float& square, float& residual) {
        float s[4];
#pragma unroll
        for (int j = 0; j < 4; j++) {
            s[j] = v[j] * scale;
            square = __builtin_fmaf(s[j], s[j], square);
        }
        uint pair[2] = {half_pair(s[0], s[1]), half_pair(s[2], s[3])};
#pragma unroll
        for (int j = 0; j < 4; j++) {
            float lost = s[j] - half_value(pair[j / 2] >> (j % 2 * 16));
            residual = __builtin_fmaf(lost, lost, residual);
        }
        asm volatile("st.shared.v2.b32 [%0], {%1, %2};"
            ::"r"(values + (uint)(d / 8 * BlockPitch + row * 16 + d % 8 * 2)), "r"(pair[0]), "r"(pair[1]) : "memory");
    };
    auto finish = [&](int row, const RowScale& scale, float square, float residual) {
        float norm = root(lanes_sum<8>(square));
        float lost = root(lanes_sum<8>(residual)) + 0x1p-23f * norm;
        float margin = score_margin(*a.centers.extremes, norm, lost, scale.ratio, a.centers.padded_columns);
        if (lane == 0) {
            state.scales[buffer][row] = float2{scale.ratio, scale.fits ? margin : infinity()};
        }
    };

    uint empty = shared_address(&state.rows_empty[buffer]);
    int unit = warp_id() - 1;
    if (columns <= 128) {
        // The row fits in registers, and the next is on its way meanwhile.
        float origin[16], now[16], next[16];
        read_row<Vectors>(origin, a.centers.origin, dimension);
        read_row<Vectors>(now, row_of(unit), dimension);
        barrier_wait(empty, turn.parity ^ 1);
        for (; unit < Rows / 4; unit += RoundingWarps) {
            read_row<Vectors>(next, row_of(unit + RoundingWarps), dimension);
            float largest = 0;
#pragma unroll
            for (int i = 0; i < 16; i++) {
                now[i] -= origin[i];
                largest = larger(largest, magnitude(now[i]));
            }
            RowScale scale = row_scale(lanes_max<8>(largest), centers_exponent);
            float square = 0, residual = 0;
            int row = unit * 4 + (lane_id() >> 3);
#pragma unroll
            for (int i = 0; i < 4; i++) {
                if (lane * 4 + i * 32 < columns) {
                    put(row, lane * 4 + i * 32, now + i * 4, scale.scale, square, residual);
                }
            }
            finish(row, scale, square, residual);
#pragma unroll
            for (int i = 0; i < 16; i++) {
                now[i] = next[i];
            }
        }
    } else {
        barrier_wait(empty, turn.parity ^ 1);
        for (; unit < Rows / 4; unit += RoundingWarps) {
            const float* x = row_of(unit);
            float largest = 0;
            for (int d = 0; d < dimension; d += 128) {
                float v[16], origin[16];
                read_row<Vectors>(v, x + d, dimension - d);
                read_row<Vectors>(origin, a.centers.origin + d, dimension - d);
#pragma unroll
                for (int i = 0; i < 16; i++) {
                    largest = larger(largest, magnitude(v[i] - origin[i]));
                }
            }
            RowScale scale = row_scale(lanes_max<8>(largest), centers_exponent);
            float square = 0, residual = 0;
            int row = unit * 4 + (lane_id() >> 3);
            for (int d = 0; d < columns; d += 128) {
                float v[16], origin[16];
                read_row<Vectors>(v, x + d, dimension - d);
                read_row<Vectors>(origin, a.centers.origin + d, dimension - d);
#pragma unroll
                for (int i = 0; i < 16; i++) {
                    v[i] -= origin[i];
                }
#pragma unroll
                for (int i = 0; i < 4; i++) {
                    if (d + lane * 4 + i * 32 < columns) {
                        put(row, d + lane * 4 + i * 32, v + i * 4, scale.scale, square, residual);
                    }
                }
            }
            finish(row, scale, square, residual);
        }
    }
    fence_for_tensor_cores();
    warp_barrier();
    if (lane_id() == 0) {
        barrier_arrive(shared_address(&state.rows_full[buffer]));
    }
}

// Keeps the best of 128 scores of two rows; the four lanes of a row have 32 each.
DEVICE void keep_best(BestTwo (&rows)[2], const float (&sums)[64], const float (&ratios)[2], const float* half_squares, int tile) {
    float before[2] = {rows[0].best, rows[1].best};
#pragma unroll
    for (int n = 0; n < 16; n++) {
        float2 h = *(const float2*)(half_squares + n * 8);
#pragma unroll
        for (int r = 0; r < 2; r++) {
            rows[r].keep(tagged<32>(__builtin_fmaf(-ratios[r], h.x, sums[n * 4 + r * 2]), n * 2),
                tagged<32>(__builtin_fmaf(-ratios[r], h.y, sums[n * 4 + r * 2 + 1]), n * 2 + 1));
        }
    }
#pragma unroll
    for (int r = 0; r < 2; r++) {
        rows[r].tile = rows[r].best != before[r] ? tile : rows[r].tile;
    }
}

// Labels a row by what its four lanes have seen, and measures its distance while it is still in the cache.
DEVICE void decide(const AssignArgs& a, const BestTwo& row, float margin, int place) {
    int lane = lane_id() & 3, tag = (int)(float_bits(row.best) & 31u);
    float best = row.best, second = row.second;
    int label = row.tile * TileCenters + tag / 2 * 8 + lane * 2 + tag % 2;
#pragma unroll
    for (int mask = 1; mask <= 2; mask *= 2) {
        float other_best = shuffle_xor(best, mask), other_second = shuffle_xor(second, mask);
        merge_best(best, second, label, other_best, other_second, shuffle_xor(label, mask));
    }
    if (label >= a.centers.count) {
        label = 0;      // every score was no number: the row is undecided
    }
    label = shuffle_first_of_four(label);
    if (lane == 0 && place < a.rows.count) {
        label_row(a, place, label, best, second, margin);
    }
    if (a.distances) {
        const float* x = row_values(a.rows, least(place, a.rows.count - 1));
        float distance = direct_distance(x, a.centers.values + (int64)label * a.rows.dimension, a.rows.dimension);
        if (lane == 0 && place < a.rows.count) {
            a.distances[place] = distance;
        }
    }
}

template <int Groups, int Steps>
DEVICE void assign_tiles(const AssignArgs& a) {
    constexpr int Rows = Groups * 64;
    constexpr int BlockPitch = Rows * 16 + 16;
    constexpr uint StageBytes = TileCenters * Steps * 16 * 2;
    extern SHARED __attribute__((aligned(128))) unsigned char shared[];
    int columns = a.centers.tiled_columns;
    int chunks = columns / (Steps * 16);
    uint row_bytes = (uint)(columns / 8 * BlockPitch + 127) & ~127u;
    uint rows_at = shared_address(shared);
    uint centers_at = rows_at + (uint)a.buffers * row_bytes;
    BlockState<Groups>& state = *(BlockState<Groups>*)(shared + a.buffers * row_bytes + a.stages * StageBytes);
    uint centers_full = shared_address(state.centers_full), centers_empty = shared_address(state.centers_empty);

    if (thread_id() == 0) {
        for (int b = 0; b < 2; b++) {
            barrier_init(shared_address(&state.rows_full[b]), RoundingWarps);
            barrier_init(shared_address(&state.rows_empty[b]), Groups * 4);
        }
        for (int s = 0; s < MostStages; s++) {
            barrier_init(centers_full + s * 8, 1);
            barrier_init(centers_empty + s * 8, Groups * 4);
        }
        barrier_init_fence();
    }
    block_barrier();

    int tiles = (a.rows.count + Rows - 1) / Rows;
    int group = warp_id() / 4 - 1;
    Turn rows, centers;
    if (group < 0 && warp_id() == 0) {
        if (lane_id() == 0) {
            for (int tile = block_id(); tile < tiles; tile += grid_blocks()) {
                for (int part = 0; part < a.centers.tiles * chunks; part++) {
                    barrier_wait(centers_empty + centers.at * 8, centers.parity ^ 1);
                    barrier_expect(centers_full + centers.at * 8, StageBytes);
                    copy_bulk(centers_at + centers.at * StageBytes, (const char*)a.centers.tiles_of_halves + (int64)part * StageBytes,
                        StageBytes, centers_full + centers.at * 8);
                    centers.next(a.stages);
                }
            }
        }
    } else if (group < 0) {
        for (int tile = block_id(); tile < tiles; tile += grid_blocks()) {
            uint values = rows_at + rows.at * row_bytes;
            if (a.rows.dimension % 4 == 0) {
                round_rows_of_tile<true>(a, state, values, rows.at, tile * Rows, rows);
            } else {
                round_rows_of_tile<false>(a, state, values, rows.at, tile * Rows, rows);
            }
            rows.next(a.buffers);
        }
    } else {
        int own_row = group * 64 + warp_id() % 4 * 16 + (lane_id() >> 2);
        for (int tile = block_id(); tile < tiles; tile += grid_blocks()) {
            barrier_wait(shared_address(&state.rows_full[rows.at]), rows.parity);
            float2 scales[2] = {state.scales[rows.at][own_row], state.scales[rows.at][own_row + 8]};
            float ratios[2] = {scales[0].x, scales[1].x};
            uint64 x = matrix_of_blocks(rows_at + rows.at * row_bytes + group * 64 * 16, BlockPitch, 128);
            BestTwo best[2];
            for (int t = 0; t < a.centers.tiles; t++) {
                float sums[64];
                for (int chunk = 0; chunk < chunks; chunk++) {
                    barrier_wait(centers_full + centers.at * 8, centers.parity);
                    uint64 c = matrix_of_blocks(centers_at + centers.at * StageBytes, TileCenters * 16, 128);
                    products_begin();
#pragma unroll
                    for (int s = 0; s < Steps; s++) {
                        multiply_add(sums, x + (uint64)((chunk * Steps + s) * 2 * BlockPitch >> 4), c + (uint64)(s * 2 * TileCenters * 16 >> 4),
                            chunk + s);
                    }
                    products_commit();
                    products_wait();
                    if (lane_id() == 0) {
                        barrier_arrive(centers_empty + centers.at * 8);
                    }
                    centers.next(a.stages);
                }
                keep_best(best, sums, ratios, a.centers.half_squares + t * TileCenters + (lane_id() & 3) * 2, t);
            }
            if (lane_id() == 0) {
                barrier_arrive(shared_address(&state.rows_empty[rows.at]));
            }
            rows.next(a.buffers);
            int place = tile * Rows + own_row;
            decide(a, best[0], scales[0].y, place);
            decide(a, best[1], scales[1].y, place + 8);
        }
    }
}

// Three groups for up to 128 columns, of which the next tile's are held too; two for up to 768.
GLOBAL BOUNDS(512, 1) void assign_hopper_16(AssignArgs a) { assign_tiles<3, 1>(a); }
GLOBAL BOUNDS(512, 1) void assign_hopper_32(AssignArgs a) { assign_tiles<3, 2>(a); }
GLOBAL BOUNDS(512, 1) void assign_hopper_64(AssignArgs a) { assign_tiles<3, 4>(a); }
GLOBAL BOUNDS(384, 1) void assign_hopper_wide(AssignArgs a) { assign_tiles<2, 4>(a); }
