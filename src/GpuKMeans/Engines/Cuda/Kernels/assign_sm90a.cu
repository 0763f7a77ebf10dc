// The fast pass on Hopper: as in assign.cu, with the roles in a block divided. One warp sends for tiles of centres, three
// warps round rows, and each further four warps multiply 64 rows by 128 centres at a time and keep the two best scores.
// Rows for the next tile are rounded while this one is multiplied, where shared memory has room for both.
#include "best.cuh"
#include "hopper.cuh"

constexpr int TileCenters = 128;
constexpr int MostStages = 8;
constexpr int RoundingWarps = 3;
constexpr int FirstTiles = 4;      // in which most rows still find a better centre

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
        // The row fits in registers. The next two are on their way meanwhile, and those of the next tile to the cache.
        float origin[16], now[16], next[2][16];
        read_row<Vectors>(origin, a.centers.origin, dimension);
        read_row<Vectors>(now, row_of(unit), dimension);
        read_row<Vectors>(next[0], row_of(unit + RoundingWarps), dimension);
        barrier_wait(empty, turn.parity ^ 1);
#pragma unroll 1
        for (; unit < Rows / 4; unit += RoundingWarps) {
            prefetch(row_of(unit + grid_blocks() * (Rows / 4)) + least(lane * 32, dimension - 1));
            read_row<Vectors>(next[1], row_of(unit + 2 * RoundingWarps), dimension);
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
                now[i] = next[0][i];
                next[0][i] = next[1][i];
            }
        }
    } else {
        barrier_wait(empty, turn.parity ^ 1);
        for (; unit < Rows / 4; unit += RoundingWarps) {
            const float* x = row_of(unit);
            const float* later = row_of(unit + grid_blocks() * (Rows / 4));
            for (int d = lane * 32; d < dimension; d += 256) {
                prefetch(later + d);
            }
            float largest = 0;
#pragma unroll 2
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

// Turns the sums of a row into scores. A thread has two rows, of each of which four lanes have 32 sums of a tile.
DEVICE float score(const float (&sums)[64], const float2 (&half_squares)[16], float ratio, int row, int place) {
    float2 h = half_squares[place / 2];
    return __builtin_fmaf(-ratio, place % 2 == 0 ? h.x : h.y, sums[place / 2 * 4 + row * 2 + place % 2]);
}

// Keeps the best of a tile.
DEVICE void keep_best(BestTwo (&rows)[2], const float (&sums)[64], const float2 (&half_squares)[16], const float (&ratios)[2], int tile) {
    uint mask = score_mask<32>();
#pragma unroll
    for (int r = 0; r < 2; r++) {
        float before = rows[r].best;
#pragma unroll
        for (int i = 0; i < 32; i += 2) {
            rows[r].keep(tagged(score(sums, half_squares, ratios[r], r, i), mask, i),
                tagged(score(sums, half_squares, ratios[r], r, i + 1), mask, i + 1));
        }
        rows[r].tile = rows[r].best != before ? tile : rows[r].tile;
    }
}

// Keeps the best of a tile that is not among the first: few scores then come near the best so far, and of sixteen of
// them that do not it is enough to know the largest. What is passed over is below the best by the margin or more.
DEVICE void keep_best_of_later(BestTwo (&rows)[2], const float (&sums)[64], const float2 (&half_squares)[16], const float (&ratios)[2],
    const float (&margins)[2], int tile) {
    uint mask = score_mask<32>();
#pragma unroll
    for (int r = 0; r < 2; r++) {
        float before = rows[r].best, best = before;
        best = larger(best, shuffle_xor(best, 1));
        best = larger(best, shuffle_xor(best, 2));
        float limit = best - margins[r];
#pragma unroll
        for (int first = 0; first < 32; first += 16) {
            float largest[4];
#pragma unroll
            for (int i = 0; i < 16; i++) {
                float v = score(sums, half_squares, ratios[r], r, first + i);
                largest[i % 4] = i < 4 ? v : larger(largest[i % 4], v);
            }
            if (any_lane(!(larger(larger(largest[0], largest[1]), larger(largest[2], largest[3])) < limit))) {
#pragma unroll
                for (int i = first; i < first + 16; i += 2) {
                    rows[r].keep(tagged(score(sums, half_squares, ratios[r], r, i), mask, i),
                        tagged(score(sums, half_squares, ratios[r], r, i + 1), mask, i + 1));
                }
            }
        }
        rows[r].tile = rows[r].best != before ? tile : rows[r].tile;
    }
}

// Labels two rows, each by what its four lanes have seen, and measures their distances while they are in the cache.
DEVICE void decide(const AssignArgs& a, const BestTwo (&rows)[2], const float (&margins)[2], int place) {
    int lane = lane_id() & 3;
    const float* x[2];
    const float* centers[2];
#pragma unroll
    for (int r = 0; r < 2; r++) {
        int tag = (int)(float_bits(rows[r].best) & 31u);
        float best = rows[r].best, second = rows[r].second;
        int label = rows[r].tile * TileCenters + tag / 2 * 8 + lane * 2 + tag % 2;
#pragma unroll
        for (int mask = 1; mask <= 2; mask *= 2) {
            float other_best = shuffle_xor(best, mask), other_second = shuffle_xor(second, mask);
            merge_best(best, second, label, other_best, other_second, shuffle_xor(label, mask));
        }
        if (label >= a.centers.count) {
            label = 0;      // every score was no number: the row is undecided
        }
        label = shuffle_first_of_four(label);
        if (lane == 0 && place + r * 8 < a.rows.count) {
            label_row(a, place + r * 8, label, best, second, margins[r]);
        }
        x[r] = row_values(a.rows, least(place + r * 8, a.rows.count - 1));
        centers[r] = a.centers.values + (int64)label * a.rows.dimension;
    }
    if (a.distances) {
        float distances[2];
        direct_distances(distances, x, centers, a.rows.dimension);
#pragma unroll
        for (int r = 0; r < 2; r++) {
            if (lane == 0 && place + r * 8 < a.rows.count) {
                a.distances[place + r * 8] = distances[r];
            }
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
    int chunks = Groups == 3 ? 1 : columns / (Steps * 16);
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
            float ratios[2] = {scales[0].x, scales[1].x}, margins[2] = {scales[0].y, scales[1].y};
            uint64 x = matrix_of_blocks(rows_at + rows.at * row_bytes + group * 64 * 16, BlockPitch, 128);
            BestTwo best[2];
            for (int t = 0; t < a.centers.tiles; t++) {
                float sums[64];
                float2 half_squares[16];
#pragma unroll
                for (int n = 0; n < 16; n++) {
                    half_squares[n] = *(const float2*)(a.centers.half_squares + t * TileCenters + n * 8 + (lane_id() & 3) * 2);
                }
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
                if (t < FirstTiles) {
                    keep_best(best, sums, half_squares, ratios, t);
                } else {
                    keep_best_of_later(best, sums, half_squares, ratios, margins, t);
                }
            }
            if (lane_id() == 0) {
                barrier_arrive(shared_address(&state.rows_empty[rows.at]));
            }
            rows.next(a.buffers);
            decide(a, best, margins, tile * Rows + own_row);
        }
    }
}

// Three groups for up to 128 columns, which pass in one piece, and of which the next rows are held too; two for up to 768.
GLOBAL BOUNDS(512, 1) void assign_hopper_16(AssignArgs a) { assign_tiles<3, 1>(a); }
GLOBAL BOUNDS(512, 1) void assign_hopper_32(AssignArgs a) { assign_tiles<3, 2>(a); }
GLOBAL BOUNDS(512, 1) void assign_hopper_64(AssignArgs a) { assign_tiles<3, 4>(a); }
GLOBAL BOUNDS(512, 1) void assign_hopper_128(AssignArgs a) { assign_tiles<3, 8>(a); }
GLOBAL BOUNDS(384, 1) void assign_hopper_wide(AssignArgs a) { assign_tiles<2, 4>(a); }
