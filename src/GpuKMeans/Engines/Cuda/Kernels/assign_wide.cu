// The fast pass for rows of more than 128 values on any GPU: scores of 128 rows by 256 centres at a time on the tensor cores, the two
// best of each row kept where a thread sees them, and rows whose best is not clear of the error bound listed with their candidates.
//
// A block is eight warps, each with 64 rows by 64 centres. Rows and centres pass through a ring of stages of 64 columns, rows as often
// as there are tiles of centres: they are rounded into global memory, from where they come back through the second-level cache. How
// much passes through it is the limit, and it must hold what all blocks come back to, so a block has as many centres as there are
// registers for the sums. The rows of the next tile are rounded in between, a few values with each step of products.
#include "best.cuh"
#include "long_rows.cuh"
#include <tensor.cuh>

constexpr int WideRows = 128;
constexpr int WideCenters = 256;
constexpr int Threads = 256;
constexpr int Columns = 4;                      // of warps, each of which has a quarter of the centres
constexpr int Chunk = 64;                       // columns a stage
constexpr int Step = 16;                        // columns of a product, and of a row that are rounded at once
constexpr int StagePitch = Chunk * 2;           // bytes
constexpr int RowBytes = WideRows * StagePitch;
constexpr int StageBytes = RowBytes + WideCenters * StagePitch;
constexpr float Ratio = 1.0f / (1 << RowsShift);    // of the rows' scale to the centres'

// What is found of a tile of rows, in the memory of the stages. A row has up to sixteen candidates: one of each lane that sees it.
struct Verdicts {
    float best[Columns][WideRows];
    int found[WideRows];            // candidates
    int open[WideRows];             // whether there may be others
    int labels[WideRows];
    int candidates[WideRows][MostCandidates];
};

// Of a stage the eights of a row are in an order of the row's own, so that eight rows' fall in different banks.
DEVICE uint stage_place(int row, int eight) { return (uint)(row * StagePitch + (eight ^ (row & 7)) * 16); }

// What a thread reads of a row at once.
struct Values {
    float values[2][4];
    float origin[2][4];
};

// Rounds a tile of rows, two threads a row, which take turns at its eights.
template <bool Vectors>
struct Rounder {
    const AssignArgs& a;
    float scale;
    const float* from = nullptr;
    half_bits* to = nullptr;
    float square = 0;
    float residual = 0;

    METHOD int own_row() const { return thread_id() >> 1; }

    METHOD void begin(int first, half_bits* buffer) {
        // Places after the last repeat it; what comes of them is not kept.
        from = row_values(a.rows, least(first + own_row(), a.rows.count - 1));
        to = buffer + (int64)own_row() * a.centers.padded_columns;
        square = residual = 0;
    }

    METHOD void read(Values& v, int d) const {
        d += (thread_id() & 1) * 8;
#pragma unroll
        for (int f = 0; f < 2; f++) {
            read4<Vectors>(v.values[f], from, d + f * 4, a.rows.dimension);
            read4<Vectors>(v.origin[f], a.centers.origin, d + f * 4, a.rows.dimension);
        }
    }

    METHOD void write(const Values& v, int d) {
        d += (thread_id() & 1) * 8;
        int4 halves;
        uint* pairs = (uint*)&halves;
#pragma unroll
        for (int f = 0; f < 2; f++) {
            float x[4];
#pragma unroll
            for (int i = 0; i < 4; i++) {
                x[i] = (v.values[f][i] - v.origin[f][i]) * scale;
                square = __builtin_fmaf(x[i], x[i], square);
            }
#pragma unroll
            for (int i = 0; i < 2; i++) {
                uint pair = half_pair(x[i * 2], x[i * 2 + 1]);
                float lost[2] = {x[i * 2] - half_value(pair), x[i * 2 + 1] - half_value(pair >> 16)};
                residual = __builtin_fmaf(lost[0], lost[0], residual);
                residual = __builtin_fmaf(lost[1], lost[1], residual);
                pairs[f * 2 + i] = pair;
            }
        }
        *(int4*)(to + d) = halves;
    }

    // What scores of the row are off by; both threads get it.
    METHOD float margin() {
        // What underflows in the squares is lost as well.
        float norm = root(lanes_sum<2>(square)) + 0x1p-30f;
        float lost = root(lanes_sum<2>(residual)) + 0x1p-23f * norm + 0x1p-30f;
        return score_margin(*a.centers.extremes, norm, lost, Ratio, a.centers.padded_columns);
    }
};

DEVICE void put(volatile BestTwo& to, const BestTwo& b) {
    to.best = b.best;
    to.second = b.second;
    to.tile = b.tile;
}

DEVICE BestTwo taken(const volatile BestTwo& b) { return {b.best, b.second, b.tile}; }

DEVICE void keep_best(BestTwo (&rows)[8], const float (&sums)[4][8][4], const float* half_squares, int tile) {
    uint mask = score_mask<16>();
    float before[8];
#pragma unroll
    for (int r = 0; r < 8; r++) {
        before[r] = rows[r].best;
    }
#pragma unroll
    for (int n = 0; n < 8; n++) {
        float2 h = *(const float2*)(half_squares + n * 8);
#pragma unroll
        for (int r = 0; r < 8; r++) {
            const float* s = &sums[r / 2][n][r % 2 * 2];
            float v0 = tagged(__builtin_fmaf(-Ratio, h.x, s[0]), mask, n * 2);
            float v1 = tagged(__builtin_fmaf(-Ratio, h.y, s[1]), mask, n * 2 + 1);
            rows[r].keep(v0, v1);
        }
    }
#pragma unroll
    for (int r = 0; r < 8; r++) {
        rows[r].tile = rows[r].best != before[r] ? tile : rows[r].tile;
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
        list_open(a, place, (best_of(t) - margin) / Ratio, AllClasses);
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

template <bool Vectors>
DEVICE void assign_wide_rows(const AssignArgs& a) {
    DYNAMIC_SHARED(shared, 128);
    int columns = a.centers.padded_columns, chunks = (columns + Chunk - 1) / Chunk, count = a.rows.count;
    int center_tiles = (a.centers.count + WideCenters - 1) / WideCenters, steps = chunks * center_tiles;
    uint stages_at = shared_address(shared);
    Verdicts& verdicts = *(Verdicts*)shared;
    float* margins = (float*)(shared + a.stages * StageBytes);
    int warp_row = (warp_id() & 1) * 64 + (lane_id() >> 2), warp_column = warp_id() >> 1;   // the row is the thread's first

    // Where the lanes' rows of the 8×8 matrices begin: those of the columns behind lie elsewhere by their number in the stage.
    uint a_at = stages_at + stage_place((warp_id() & 1) * 64 + (lane_id() & 15), lane_id() >> 4);
    uint b_at = stages_at + RowBytes + stage_place(warp_column * 64 + (lane_id() & 7) + (lane_id() >> 4) * 8, (lane_id() >> 3) & 1);

    // And what the thread copies: eight values of every 32nd row, and where they go.
    constexpr int Every = Threads / 8;
    int own_row = thread_id() >> 3, own_eight = thread_id() & 7;
    uint to = stages_at + stage_place(own_row, own_eight);
    int own_place = own_row * columns + own_eight * 8;

    int tile_values = WideRows * columns;
    half_bits* buffers = a.halves + (int64)block_id() * 2 * tile_values;
    Rounder<Vectors> rounder{a, long_rows_scale(*a.centers.extremes)};
    rounder.begin(block_id() * WideRows, buffers);
    for (int d = 0; d < columns; d += 4 * Step) {
        Values v[4];
#pragma unroll
        for (int i = 0; i < 4; i++) {
            rounder.read(v[i], d + i * Step);
        }
#pragma unroll
        for (int i = 0; i < 4; i++) {
            if (d + i * Step < columns) {
                rounder.write(v[i], d + i * Step);
            }
        }
    }
    for (int tile = block_id(), buffer = 0; tile * WideRows < count; tile += grid_blocks(), buffer ^= 1) {
        float margin = rounder.margin();
        block_barrier();
        if ((thread_id() & 1) == 0) {
            margins[rounder.own_row()] = margin;
        }
        bool ends = (tile + grid_blocks()) * WideRows >= count;
        rounder.begin((ends ? tile : tile + grid_blocks()) * WideRows, buffers + (buffer ^ 1) * tile_values);

        // Of the next rows, with every two steps of products what comes to all in the end: it is written when the next is read.
        int rounded = ends ? columns : 0, due = 0;
        Values v;
        auto round_some = [&]() {
            for (due += 2; due >= center_tiles && rounded < columns; due -= center_tiles) {
                if (rounded > 0) {
                    rounder.write(v, rounded - Step);
                }
                rounder.read(v, rounded);
                rounded += Step;
            }
        };

        // Through columns there and back: what was read last is what is most likely still in the second-level cache.
        int copies = steps, next_chunk = 0, next_stage = 0, next_way = 1;
        const half_bits* rows_from = buffers + buffer * tile_values + own_place;
        const half_bits* centers_from = a.centers.halves + own_place;
        auto copy_some = [&]<int Part>() {
            if (copies > 0 && own_eight * 8 < columns - next_chunk * Chunk) {
                uint stage = to + next_stage * StageBytes;
                copy_async(stage + Part * Every * StagePitch, rows_from + Part * Every * columns);
#pragma unroll
                for (int i = Part * 2; i < Part * 2 + 2; i++) {
                    copy_async(stage + RowBytes + i * Every * StagePitch, centers_from + i * Every * columns);
                }
            }
            if (Part == 3) {
                bool turns = next_chunk == (next_way > 0 ? chunks - 1 : 0);
                centers_from += turns ? WideCenters * columns : next_way * Chunk;
                rows_from += turns ? 0 : next_way * Chunk;
                next_chunk += turns ? 0 : next_way;
                next_way = turns ? -next_way : next_way;
                next_stage = next_stage + 1 == a.stages ? 0 : next_stage + 1;
                copies--;
                copy_commit();
            }
        };
        auto copy_step = [&]() {
            copy_some.template operator()<0>();
            copy_some.template operator()<1>();
            copy_some.template operator()<2>();
            copy_some.template operator()<3>();
        };
        for (int s = 0; s < a.stages - 1; s++) {
            copy_step();
        }

        // Not in registers, which what is read of the next product has use for.
        volatile BestTwo kept[8];
#pragma unroll
        for (int r = 0; r < 8; r++) {
            put(kept[r], BestTwo());
        }
        float sums[4][8][4] = {};
        int center_tile = 0, chunk = 0, way = 1, at = 0;
        for (int step = 0; step < steps; step++) {
            if (a.stages == 2) {
                copy_wait<0>();
            } else if (a.stages == 3) {
                copy_wait<1>();
            } else {
                copy_wait<2>();
            }
            block_barrier();
            int width = least(columns - chunk * Chunk, Chunk);
            bool multiplies = center_tile * WideCenters + warp_column * 64 < a.centers.count;
            uint a_from = a_at + at * StageBytes, b_from = b_at + at * StageBytes;
            at = at + 1 == a.stages ? 0 : at + 1;
            auto multiply_step = [&](int d) {
                uint rows[4][4];
#pragma unroll
                for (int m = 0; m < 4; m++) {
                    load_matrices(rows[m], (a_from ^ d * 2) + m * 16 * StagePitch);
                }
#pragma unroll
                for (int n = 0; n < 4; n++) {
                    uint centers[4];
                    load_matrices(centers, (b_from ^ d * 2) + n * 16 * StagePitch);
#pragma unroll
                    for (int m = 0; m < 4; m++) {
                        multiply_add(sums[m][n * 2], rows[m], centers[0], centers[1]);
                        multiply_add(sums[m][n * 2 + 1], rows[m], centers[2], centers[3]);
                    }
                }
            };
            if (width == Chunk && multiplies) {
                // In few pieces, so that what the next step takes is read while this one multiplies; and copies begin in between.
                round_some();
                multiply_step(0);
                copy_some.template operator()<0>();
                multiply_step(16);
                copy_some.template operator()<1>();
                round_some();
                multiply_step(32);
                copy_some.template operator()<2>();
                multiply_step(48);
                copy_some.template operator()<3>();
            } else {
                copy_step();
                round_some();
                for (int d = 0; multiplies && d < width; d += Step) {
                    multiply_step(d);
                }
                round_some();
            }
            if (chunk != (way > 0 ? chunks - 1 : 0)) {
                chunk += way;
                continue;
            }
            if (multiplies) {
                int center = center_tile * WideCenters + warp_column * 64 + (lane_id() & 3) * 2;
                BestTwo best[8];
#pragma unroll
                for (int r = 0; r < 8; r++) {
                    best[r] = taken(kept[r]);
                }
                keep_best(best, sums, a.centers.half_squares + center, center_tile);
#pragma unroll
                for (int r = 0; r < 8; r++) {
                    put(kept[r], best[r]);
                }
            }
#pragma unroll
            for (int m = 0; m < 4; m++) {
#pragma unroll
                for (int n = 0; n < 8; n++) {
#pragma unroll
                    for (int i = 0; i < 4; i++) {
                        sums[m][n][i] = 0;
                    }
                }
            }
            way = -way;
            center_tile++;
        }
        if (!ends) {
            rounder.write(v, rounded - Step);
        }
        copy_wait<0>();
        block_barrier();
        BestTwo best[8];
#pragma unroll
        for (int r = 0; r < 8; r++) {
            best[r] = taken(kept[r]);
        }
        decide(a, verdicts, best, margins, tile * WideRows, warp_row, warp_column);
        if (a.distances) {
            block_barrier();
            measure(a, verdicts.labels, tile * WideRows);
        }
    }
}

GLOBAL BOUNDS(Threads, 1) void assign_wide(AssignArgs a) {
    if (a.rows.dimension % 4 == 0) {
        assign_wide_rows<true>(a);
    } else {
        assign_wide_rows<false>(a);
    }
}
