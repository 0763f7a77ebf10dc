// The fast pass on Hopper for rows of up to 128 values. Each group of four warps reads 64 rows, rounds them into registers in
// the order in which the tensor cores take them, and multiplies them by tiles of centres that pass by in a ring of shared
// memory, or stay there if they all find room. One more warp sends for the centres, and has the next rows brought to the
// second-level cache. While one group looks at its scores the others multiply.
#pragma once
#include "hopper.cuh"
#include "keys.cuh"
#include "rounding.cuh"

constexpr int TileCenters = 128;        // in memory; a kernel may take one half at a time
constexpr int MostStages = 32;
constexpr uint HalfSquareBytes = TileCenters * 4;
constexpr int Sets = 2;                 // in which the best are kept apart: the more, the fewer rows stay open

// Rows as a thread has them: of the rows `own` and `own + 8` of its group, four of each 16 columns.
template <int Steps>
struct ShortRows {
    uint values[Steps][4];
    float ratio;            // of the rows' scale to the centres', the same for both
    int margins[2];
    bool fits;
};

template <int Steps>
DEVICE void read_row(float (&v)[Steps * 4], const float* row, int dimension) {
    int first = (lane_id() & 3) * 4;
    if (dimension % 4 == 0) {
#pragma unroll
        for (int s = 0; s < Steps; s++) {
            read4<true>(*(float (*)[4])(v + s * 4), row, s * 16 + first, dimension);
        }
    } else {
#pragma unroll
        for (int s = 0; s < Steps; s++) {
            read4<false>(*(float (*)[4])(v + s * 4), row, s * 16 + first, dimension);
        }
    }
}

// What a row's scores are off by, in units of the rows' scale: see score_margin, but that scores are sums of 2^24 and more,
// which rounds them by half a unit twice; and the pass over open rows rounds them once more.
DEVICE float short_margin(const Extremes& e, float norm, float residual, float ratio, int columns) {
    float c = bits_float(e.norm), lost = bits_float(e.residual);
    float x = norm + residual;
    float sums = (float)(columns + 16) * (1.125f * 0x1p-23f);
    float error = residual * c + x * lost + sums * x * (c + lost) + 0x1p-22f * (norm * c + ratio * bits_float(e.half_square))
        + 1.5f * KeyUnit;
    return 2 * error * (1.0005f + (float)columns * 0x1p-24f);
}

template <int Steps>
DEVICE ShortRows<Steps> read_rows(const AssignArgs& a, int place) {
    ShortRows<Steps> rows;
    Extremes extremes = *a.centers.extremes;
    float centers_scale = power_of_two(half_scale_exponent(bits_float(extremes.largest)));
    float v[2][Steps * 4], norms[2];
#pragma unroll
    for (int r = 0; r < 2; r++) {
        // Places after the last repeat it; what comes of them is not kept.
        read_row<Steps>(v[r], row_values(a.rows, least(place + r * 8, a.rows.count - 1)), a.rows.dimension);
    }
    float square[2] = {};
    {
        float origin[Steps * 4];
        read_row<Steps>(origin, a.centers.origin, a.rows.dimension);
#pragma unroll
        for (int i = 0; i < Steps * 4; i++) {
            float o = -origin[i] * centers_scale;
#pragma unroll
            for (int r = 0; r < 2; r++) {
                v[r][i] = __builtin_fmaf(v[r][i], centers_scale, o);
                square[r] = __builtin_fmaf(v[r][i], v[r][i], square[r]);
            }
        }
    }
    norms[0] = near_root(lanes_sum<4>(square[0]));
    norms[1] = near_root(lanes_sum<4>(square[1]));

    // The scale: scores, which are at most ‖x‖·‖c‖ + q·½‖c‖², fit a key, and values fit half precision.
    float norm = larger(norms[0], norms[1]);
    float most = 1.01f * (norm * bits_float(extremes.norm) + bits_float(extremes.half_square));
    rows.ratio = power_of_two(clamp(KeyRangeExponent - 1 - exponent(larger(most, norm * 512)), -100, 20));
    rows.fits = norm < 0x1p34f;
    float residual[2] = {};
#pragma unroll
    for (int s = 0; s < Steps; s++) {
#pragma unroll
        for (int r = 0; r < 2; r++) {
#pragma unroll
            for (int i = 0; i < 2; i++) {
                float low = v[r][s * 4 + i * 2] * rows.ratio, high = v[r][s * 4 + i * 2 + 1] * rows.ratio;
                uint pair = half_pair(low, high);
                float lost_low = low - half_value(pair), lost_high = high - half_value(pair >> 16);
                residual[r] = __builtin_fmaf(lost_low, lost_low, residual[r]);
                residual[r] = __builtin_fmaf(lost_high, lost_high, residual[r]);
                rows.values[s][i * 2 + r] = pair;
            }
        }
    }
#pragma unroll
    for (int r = 0; r < 2; r++) {
        // What underflows in the squares is lost as well.
        float own = norms[r] * rows.ratio + 0x1p-50f;
        float lost = near_root(lanes_sum<4>(residual[r])) + 0x1p-23f * own + 0x1p-50f;
        rows.margins[r] = rows.fits ? key_margin(short_margin(extremes, own, lost, rows.ratio, Steps * 16)) : MostKeyMargin;
    }
    return rows;
}

struct ShortState {
    uint64 full[MostStages];
    uint64 empty[MostStages];
    float half_squares[1][TileCenters];     // as many as there are stages, and two
};

// Scores of a tile, kept.
template <int Width>
DEVICE void keep_best(BestKeys (&best)[2][Sets], const float (&sums)[Width / 2], const float2* half_squares, float ratio, uint factor, int tile) {
    int before[2][Sets];
#pragma unroll
    for (int r = 0; r < 2; r++) {
#pragma unroll
        for (int s = 0; s < Sets; s++) {
            before[r][s] = best[r][s].best;
        }
    }
#pragma unroll
    for (int n = 0; n < Width / 8; n++) {
        float2 h = half_squares[n * 4];
        float less0 = __builtin_fmaf(-ratio, h.x, KeyOffset), less1 = __builtin_fmaf(-ratio, h.y, KeyOffset);
#pragma unroll
        for (int r = 0; r < 2; r++) {
            best[r][n % Sets].keep(make_key(sums[n * 4 + r * 2] + less0, factor, (uint)(n * 2)),
                make_key(sums[n * 4 + r * 2 + 1] + less1, factor, (uint)(n * 2 + 1)));
        }
    }
#pragma unroll
    for (int r = 0; r < 2; r++) {
#pragma unroll
        for (int s = 0; s < Sets; s++) {
            best[r][s].tile = best[r][s].best != before[r][s] ? tile : best[r][s].tile;
        }
    }
}

// A position in a ring of buffers, and the parity of the round.
struct RingTurn {
    int at = 0;
    uint parity = 0;

    inline __attribute__((device, always_inline)) void next(int size) {
        if (++at == size) {
            at = 0;
            parity ^= 1;
        }
    }
};

// Has the rows of a tile brought to the second-level cache.
template <int TileRows>
DEVICE void prefetch_tile(const Rows& rows, int tile) {
    for (int i = lane_id(); i < TileRows; i += 32) {
        int place = tile * TileRows + i;
        if (place < rows.count) {
            const float* row = row_values(rows, place);
            for (int d = 0; d < rows.dimension; d += 32) {
                prefetch(row + d);
            }
        }
    }
}

// Labels the rows, and measures their distances while they are in the cache.
template <int Width>
DEVICE void finish_rows(const AssignArgs& a, const BestKeys (&best)[2][Sets], const int (&margins)[2], float ratio, bool fits, int place) {
    const float* x[2];
    const float* centers[2];
#pragma unroll
    for (int r = 0; r < 2; r++) {
        int label = label_row<Sets, Width>(a, best[r], margins[r], ratio, fits, place + r * 8);
        x[r] = row_values(a.rows, least(place + r * 8, a.rows.count - 1));
        centers[r] = a.centers.values + (int64)label * a.rows.dimension;
    }
    if (a.distances) {
        float distances[2];
        direct_distances(distances, x, centers, a.rows.dimension);
#pragma unroll
        for (int r = 0; r < 2; r++) {
            if ((lane_id() & 3) == 0 && place + r * 8 < a.rows.count) {
                a.distances[place + r * 8] = distances[r];
            }
        }
    }
}

// `Steps` of 16 columns; `Width` centres at a time. Where registers are scarce the warp that sends gives its own away.
template <int Groups, int Steps, int Width, bool GiveRegisters>
DEVICE void assign_short(const AssignArgs& a) {
    constexpr uint StageBytes = TileCenters * Steps * 16 * 2;
    constexpr int TileRows = Groups * 64, Parts = TileCenters / Width;
    extern SHARED __attribute__((aligned(128))) unsigned char shared[];
    int stages = a.stages, slots = stages + 2, center_tiles = a.centers.tiles;
    bool all = center_tiles <= stages;
    uint values_at = shared_address(shared);
    ShortState& state = *(ShortState*)(shared + stages * StageBytes);
    uint full = shared_address(state.full), empty = shared_address(state.empty), half_squares_at = shared_address(state.half_squares);
    if (thread_id() == 0) {
        for (int s = 0; s < stages; s++) {
            barrier_init(full + s * 8, 1);
            barrier_init(empty + s * 8, Groups * 4);
        }
        barrier_init_fence();
    }
    block_barrier();

    int tiles = (a.rows.count + TileRows - 1) / TileRows;
    RingTurn turn, slot;
    if (warp_id() / 4 == Groups) {
        if constexpr (GiveRegisters) {
            give_registers<24>();
        }
        if (warp_id() != Groups * 4) {
            return;
        }
        for (int tile = block_id(); tile < tiles; tile += grid_blocks()) {
            for (int t = 0; t < center_tiles && (!all || tile == block_id()); t++) {
                if (lane_id() == 0) {
                    uint barrier = full + turn.at * 8;
                    if (!all) {
                        barrier_wait(empty + turn.at * 8, turn.parity ^ 1);
                    }
                    barrier_expect(barrier, StageBytes + HalfSquareBytes);
                    copy_bulk(values_at + turn.at * StageBytes, (const char*)a.centers.tiles_of_halves + (int64)t * StageBytes, StageBytes, barrier);
                    copy_bulk(half_squares_at + slot.at * HalfSquareBytes, a.centers.half_squares + t * TileCenters, HalfSquareBytes, barrier);
                }
                warp_barrier();
                turn.next(stages);
                slot.next(slots);
            }
            if (!all && tile + grid_blocks() < tiles) {
                prefetch_tile<TileRows>(a.rows, tile + grid_blocks());
            }
        }
        return;
    }
    if constexpr (GiveRegisters) {
        take_registers<160>();
    }
    int own_row = warp_id() * 16 + (lane_id() >> 2);
    uint factor = key_factor();
    for (int tile = block_id(); tile < tiles; tile += grid_blocks()) {
        int place = tile * TileRows + own_row;
        ShortRows<Steps> rows = read_rows<Steps>(a, place);
        BestKeys best[2][Sets];
        for (int t = 0; t < center_tiles; t++) {
            barrier_wait(full + turn.at * 8, turn.parity);
            uint stage = matrix_of_blocks(values_at + turn.at * StageBytes, TileCenters * 16);
            const float2* half_squares = (const float2*)state.half_squares[slot.at] + (lane_id() & 3);
            for (int part = 0; part < Parts && t * TileCenters + part * Width < a.centers.count; part++) {
                float sums[Width / 2];
                products_begin();
#pragma unroll
                for (int s = 0; s < Steps; s++) {
                    multiply_add(sums, rows.values[s], stage + part * Width + s * 2 * TileCenters, s);
                }
                products_commit();
                products_wait();
                if (!all && part == Parts - 1 && lane_id() == 0) {
                    barrier_arrive(empty + turn.at * 8);
                }
                keep_best<Width>(best, sums, half_squares + part * Width / 2, rows.ratio, factor, t * Parts + part);
            }
            if (Parts > 1 && !all && t == center_tiles - 1 && (a.centers.count - 1) % TileCenters < TileCenters - Width && lane_id() == 0) {
                barrier_arrive(empty + turn.at * 8);    // the last part was passed over
            }
            // What came first never leaves where all find room.
            turn.next(all ? center_tiles : stages);
            turn.parity = all ? 0 : turn.parity;
            slot.next(all ? center_tiles : slots);
        }
        finish_rows<Width>(a, best, rows.margins, rows.ratio, rows.fits, place);
    }
}
