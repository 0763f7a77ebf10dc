// The fast pass for rows of more than 128 values on any GPU: scores of 128 rows by 256 centres at a time on the tensor cores, the two
// best of each row kept where a thread sees them, and rows whose best is not clear of the error bound listed with their candidates.
//
// A block is eight warps, each with 64 rows by 64 centres. It rounds its rows into global memory, from where they, and the centres, pass
// through a ring of stages of 64 columns, rows as often as there are tiles of centres. How much passes through the second-level cache is
// a limit, and it must hold what all blocks come back to, so a block has as many centres as there are registers for the sums.
//
// To round the next rows among the products left too few registers; to send for them then, some or all, was no faster: the cache does not
// hold them beside what blocks come back to. A pass that rounds all rows first takes longer, for it writes and reads them once more.
#include "long_rows.cuh"
#include <tensor.cuh>

constexpr int WideRows = 128;
constexpr int WideCenters = 256;
constexpr int Threads = 256;
constexpr int Columns = 4;                      // of warps, each of which has a quarter of the centres
constexpr int Chunk = 64;                       // columns a stage
constexpr int RowBytes = WideRows * Chunk * 2;      // of a stage, whose centres follow
constexpr int CenterBytes = WideCenters * Chunk * 2;
constexpr int StageBytes = RowBytes + CenterBytes;
constexpr int WarpRows = WideRows / 2;          // that all warps round at once
constexpr int TurnColumns = 256;                // of them that are read at once
static_assert(WarpRows == Threads / 32 * EightRows);

constexpr float NoScore = -3e38f;

// What is left of a score when the centre's place, among those a thread sees of a tile, takes its last bits. As a
// register the compiler knows nothing about, so that marking is one instruction and not two: an instruction has room for
// one constant.
template <int Places>
DEVICE uint score_mask() {
    return ~(uint)(Places - 1) | (uint)block_id_z();
}

DEVICE float tagged(float score, uint mask, int place) { return bits_float((float_bits(score) & mask) | (uint)place); }

struct BestTwo {
    float best = NoScore;
    float second = NoScore;
    int tile = 0;

    METHOD void keep(float v0, float v1) {
        float high = larger(v0, v1), low = smaller(v0, v1);
        second = larger(larger(second, low), smaller(best, high));
        best = larger(best, high);
    }
};

// What is found of a tile of rows, in the memory of the stages. A row has up to sixteen candidates: one of each lane that sees it.
struct Verdicts {
    float best[Columns][WideRows];
    int found[WideRows];            // candidates
    int open[WideRows];             // whether there may be others
    int labels[WideRows];
    int candidates[WideRows][MostCandidates];
};

DEVICE void keep_best(BestTwo (&rows)[8], const float (&sums)[4][8][4], const float* half_squares, int tile) {
    uint mask = score_mask<16>();
    float before[8];
#pragma unroll
    for (int r = 0; r < 8; r++) {
        before[r] = rows[r].best;
    }
#pragma unroll
    for (int n = 0; n < 8; n++) {
        // What is left out has infinity, which may not become no number.
        float2 h = *(const float2*)(half_squares + n * 8);
        float less[2] = {-AllRowsRatio * smaller(h.x, PaddingHalfSquare), -AllRowsRatio * smaller(h.y, PaddingHalfSquare)};
#pragma unroll
        for (int r = 0; r < 8; r++) {
            const float* s = &sums[r / 2][n][r % 2 * 2];
            rows[r].keep(tagged(s[0] + less[0], mask, n * 2), tagged(s[1] + less[1], mask, n * 2 + 1));
        }
    }
#pragma unroll
    for (int r = 0; r < 8; r++) {
        rows[r].tile = rows[r].best != before[r] ? tile : rows[r].tile;
    }
}

// Rounds a tile of rows, and finds what their scores may be off by. `origin` is the negative of it, in units of the rows' scale. Four
// lanes have a row, and then another, of which many columns are on their way at once, for nothing else is done meanwhile. They come in
// two turns and no more, each of them read into registers of its own: reads that are waited for one by one are too many for the scoreboard.
template <bool Vectors>
DEVICE void round_tile(const AssignArgs& a, const float* origin, half_bits* to, float* margins, int first) {
    constexpr int Steps = TurnColumns / 16, Together = 8;
    int columns = a.centers.tiled_columns, turns = (columns + TurnColumns - 1) / TurnColumns;
    int lane = lane_id() & 3, row = warp_id() * EightRows + (lane_id() >> 2);
    float scale = long_rows_scale(*a.centers.extremes);
    uint64 policy = read_once();
    // Places after the last repeat it; what comes of them is not kept.
    auto values_of = [&](int r) { return row_values(a.rows, least(first + r, a.rows.count - 1)) + lane * 4; };
    const float* values = values_of(row);
    const float* others = values_of(row + WarpRows);
    to += tiled_place(row, lane * 4, WideRows);
    origin += lane * 4;
    float even[Steps][4], odd[Steps][4];
    float square = 0, residual = 0;
    auto read = [&](float (&v)[Steps][4], int turn) __attribute__((always_inline)) {
        int d = (turn < turns ? turn : turn - turns) * TurnColumns, end = turn < 2 * turns ? a.rows.dimension - lane * 4 : 0;
        const float* from = turn < turns ? values : others;
#pragma unroll
        for (int s = 0; s < Steps; s++) {
            read4_once<Vectors>(v[s], from, d + s * 16, end, policy);
        }
    };
    auto round = [&](const float (&v)[Steps][4], int turn) __attribute__((always_inline)) {
        int d = (turn < turns ? turn : turn - turns) * TurnColumns;
        half_bits* at = to + (turn < turns ? 0 : WarpRows * 8);
#pragma unroll
        for (int s = 0; s < Steps; s += Together) {
            // Read before anything is written, which the compiler would think may be what is read.
            float4 o[Together];
#pragma unroll
            for (int i = 0; i < Together; i++) {
                o[i] = load4(origin + least(d + (s + i) * 16, columns - 16));
            }
#pragma unroll
            for (int i = 0; i < Together; i++) {
                int column = d + (s + i) * 16;
                if (column < columns) {
                    round_neighbours(v[s + i], scale, o[i], at + tiled_place(0, column, WideRows), square, residual);
                }
            }
        }
        if (d + TurnColumns >= columns) {
            // What underflows in the squares is lost as well.
            float norm = near_root(lanes_sum<4>(square)) + 0x1p-30f;
            float lost = near_root(lanes_sum<4>(residual)) + 0x1p-23f * norm + 0x1p-30f;
            float margin = score_margin(*a.centers.extremes, norm, lost, AllRowsRatio, columns);
            if (lane == 0) {
                margins[row + (turn < turns ? 0 : WarpRows)] = margin;
            }
            square = residual = 0;
        }
    };
    read(even, 0);
    for (int turn = 0; turn < 2 * turns; turn += 2) {
        read(odd, turn + 1);
        round(even, turn);
        read(even, turn + 2);
        round(odd, turn + 1);
    }
}

// Labels a tile of rows, and lists those that are undecided.
DEVICE void decide(const AssignArgs& a, Verdicts& verdicts, const BestTwo (&rows)[8], const float* margins, int first, int warp_row, int warp_column) {
    int lane = lane_id() & 3, t = thread_id();
    if (t < WideRows) {
        verdicts.found[t] = verdicts.open[t] = 0;
        verdicts.labels[t] = 0x7FFFFFFF;
    }
#pragma unroll
    for (int r = 0; r < 8; r++) {
        float best = lanes_max<4>(rows[r].best);
        if (lane == 0) {
            verdicts.best[warp_column][warp_row + r / 2 * 16 + r % 2 * 8] = best;
        }
    }
    block_barrier();
    auto best_of = [&](int row) {
        return larger(larger(verdicts.best[0][row], verdicts.best[1][row]), larger(verdicts.best[2][row], verdicts.best[3][row]));
    };
#pragma unroll
    for (int r = 0; r < 8; r++) {
        int row = warp_row + r / 2 * 16 + r % 2 * 8, tag = (int)(float_bits(rows[r].best) & 15u);
        int label = rows[r].tile * WideCenters + warp_column * 64 + tag / 2 * 8 + lane * 2 + tag % 2;
        float best = best_of(row), limit = best - margins[row];
        if (rows[r].best == best) {
            atomic_min(&verdicts.labels[row], label);
        }
        if (rows[r].best >= limit) {
            verdicts.candidates[row][atomic_add(&verdicts.found[row], 1)] = least(label, a.centers.count - 1);
        }
        if (rows[r].second >= limit) {
            verdicts.open[row] = 1;
        }
    }
    block_barrier();
    int place = first + t;
    if (t >= WideRows || place >= a.rows.count) {
        return;
    }
    int label = verdicts.labels[t], n = verdicts.found[t];
    label = label < a.centers.count ? label : 0;        // every score was no number: the margin is none either
    a.labels[place] = verdicts.labels[t] = label;
    float margin = margins[t];
    if (!(margin < infinity())) {
        list_open(a, place, -infinity(), AllClasses);
    } else if (verdicts.open[t]) {
        list_open(a, place, (best_of(t) - margin) / AllRowsRatio, AllClasses);
    } else if (n > 1) {
        int* to = a.undecided.candidates + (int64)list_known(a, place, n) * MostCandidates;
        for (int i = 0; i < n; i++) {
            to[i] = verdicts.candidates[t][i];
        }
    }
}

// Squared distances to the centres just found, while the rows are still in the cache: eight rows at a time by a warp.
DEVICE void measure(const AssignArgs& a, const int* labels, int first) {
    for (int r = warp_id() * 8 + (lane_id() >> 2); r < WideRows; r += Threads / 32 * 8) {
        int row = least(r, a.rows.count - 1 - first);
        const float* center = a.centers.values + (int64)labels[row] * a.rows.dimension;
        float distance = direct_distance(row_values(a.rows, first + row), center, a.rows.dimension);
        if ((lane_id() & 3) == 0 && row == r) {
            a.distances[first + r] = distance;
        }
    }
}

GLOBAL BOUNDS(Threads, 1) void assign_wide(AssignArgs a) {
    DYNAMIC_SHARED(shared, 128);
    int columns = a.centers.tiled_columns, chunks = columns / Chunk, count = a.rows.count;
    int center_tiles = (a.centers.count + WideCenters - 1) / WideCenters, steps = chunks * center_tiles;
    uint stages_at = shared_address(shared);
    Verdicts& verdicts = *(Verdicts*)shared;
    float* margins = (float*)(shared + a.stages * StageBytes);
    int warp_row = (warp_id() & 1) * 64, warp_column = warp_id() >> 1;

    // Where the lanes' rows of the 8×8 matrices begin.
    uint a_at = stages_at + (uint)((lane_id() >> 4) * WideRows + warp_row + (lane_id() & 15)) * 16;
    uint b_at = stages_at + RowBytes + (uint)((lane_id() >> 3 & 1) * WideCenters + warp_column * 64 + (lane_id() >> 4) * 8 + (lane_id() & 7)) * 16;
    warp_row += lane_id() >> 2;     // the thread's first

    // What the block has for itself: a tile of rounded rows, and the origin.
    half_bits* rounded = a.halves + (int64)block_id() * (WideRows + 2) * columns;
    float* origin = (float*)(rounded + WideRows * columns);
    for (int d = thread_id(); d < columns; d += Threads) {
        origin[d] = d < a.rows.dimension ? -a.centers.origin[d] * long_rows_scale(*a.centers.extremes) : 0;
    }

    for (int tile = block_id(); tile * WideRows < count; tile += grid_blocks()) {
        block_barrier();
        if (a.rows.dimension % 4 == 0) {
            round_tile<true>(a, origin, rounded, margins, tile * WideRows);
        } else {
            round_tile<false>(a, origin, rounded, margins, tile * WideRows);
        }
        block_barrier();

        // Through columns there and back: what was read last is what is most likely still in the second-level cache.
        int copies = steps, next_chunk = 0, next_stage = 0, next_way = 1;
        const char* rows_from = (const char*)rounded + thread_id() * 16;
        const char* centers_from = (const char*)a.centers.tiles_of_halves + thread_id() * 16;
        auto copy_some = [&]<int Part>() {
            constexpr int Each = Threads * 16;
            if (copies > 0) {
                uint to = stages_at + next_stage * StageBytes + thread_id() * 16;
                copy_async(to + Part * Each, rows_from + Part * Each);
                copy_async(to + RowBytes + Part * 2 * Each, centers_from + Part * 2 * Each);
                copy_async(to + RowBytes + Part * 2 * Each + Each, centers_from + Part * 2 * Each + Each);
            }
            if (Part == 3) {
                bool turns = next_chunk == (next_way > 0 ? chunks - 1 : 0);
                centers_from += (turns ? (int64)chunks : next_way) * CenterBytes;
                rows_from += turns ? 0 : next_way * RowBytes;
                next_chunk += turns ? 0 : next_way;
                next_way = turns ? -next_way : next_way;
                next_stage = next_stage + 1 == a.stages ? 0 : next_stage + 1;
                copies--;
                copy_commit();
            }
        };
        for (int s = 0; s < a.stages - 1; s++) {
            copy_some.template operator()<0>();
            copy_some.template operator()<1>();
            copy_some.template operator()<2>();
            copy_some.template operator()<3>();
        }

        BestTwo best[8];
        float sums[4][8][4] = {};
        int center_tile = 0, left = chunks, at = 0;
        for (int step = 0; step < steps; step++) {
            if (a.stages == 2) {
                copy_wait<0>();
            } else if (a.stages == 3) {
                copy_wait<1>();
            } else {
                copy_wait<2>();
            }
            block_barrier();
            bool multiplies = center_tile * WideCenters + warp_column * 64 < a.centers.count;
            uint a_from = a_at + at * StageBytes, b_from = b_at + at * StageBytes;
            at = at + 1 == a.stages ? 0 : at + 1;
            auto multiply_step = [&]<int S>() {
                uint rows[4][4];
#pragma unroll
                for (int m = 0; m < 4; m++) {
                    load_matrices(rows[m], a_from + (S * 2 * WideRows + m * 16) * 16);
                }
#pragma unroll
                for (int n = 0; n < 4; n++) {
                    uint centers[4];
                    load_matrices(centers, b_from + (S * 2 * WideCenters + n * 16) * 16);
#pragma unroll
                    for (int m = 0; m < 4; m++) {
                        multiply_add(sums[m][n * 2], rows[m], centers[0], centers[1]);
                        multiply_add(sums[m][n * 2 + 1], rows[m], centers[2], centers[3]);
                    }
                }
            };
            if (multiplies) {
                // In one piece, so that what the next product takes is read while this one is made; and copies begin in between.
                multiply_step.template operator()<0>();
                copy_some.template operator()<0>();
                multiply_step.template operator()<1>();
                copy_some.template operator()<1>();
                multiply_step.template operator()<2>();
                copy_some.template operator()<2>();
                multiply_step.template operator()<3>();
                copy_some.template operator()<3>();
            } else {
                copy_some.template operator()<0>();
                copy_some.template operator()<1>();
                copy_some.template operator()<2>();
                copy_some.template operator()<3>();
            }
            if (--left > 0) {
                continue;
            }
            if (multiplies) {
                int center = center_tile * WideCenters + warp_column * 64 + (lane_id() & 3) * 2;
                keep_best(best, sums, a.centers.half_squares + center, center_tile);
            }
            clear(sums);
            left = chunks;
            center_tile++;
        }
        copy_wait<0>();
        block_barrier();
        decide(a, verdicts, best, margins, tile * WideRows, warp_row, warp_column);
        if (a.distances) {
            block_barrier();
            measure(a, verdicts.labels, tile * WideRows);
        }
    }
}
