// The fast pass: scores of 128 rows by 128 centres at a time on the tensor cores, the two best of each row kept, and
// rows whose best is not clear of the error bound listed. The same kernel then goes over the listed rows alone and
// notes every centre that may be nearest.
//
// A block is four warps in a square, each with 64 rows by 64 centres. Rows stay in shared memory, rounded when they
// are read, while tiles of centres pass by; with too many columns for that, both pass by and rows are rounded before. One block
// with twice the rows, which asks the second-level cache for less, was no faster than two.
#include "best.cuh"
#include "rounding.cuh"
#include <tensor.cuh>

constexpr int TileRows = 128;
constexpr int TileCenters = 128;
constexpr int Threads = 128;
constexpr int Chunk = 64;                       // columns a stage
constexpr int StagePitch = Chunk * 2;           // bytes
constexpr int StageBytes = TileCenters * StagePitch;     // of centres, and of as many rows

// What a block keeps of its rows beside their values.
struct TileState {
    float ratios[TileRows];
    float margins[TileRows];    // for candidates: the thresholds
    float best[TileRows];
    float second[TileRows];
    int labels[TileRows];
};

// Of a stage the eights of a row are in an order of the row's own, so that eight rows' fall in different banks.
DEVICE uint stage_place(int row, int eight) { return (uint)(row * StagePitch + (eight ^ (row & 7)) * 16); }

// Rounds the block's rows into shared memory.
DEVICE void round_tile(const AssignArgs& a, TileState& state, uint values, int pitch, int first, int count) {
    int dimension = a.rows.dimension;
    for (int r = warp_id() * 4; r < TileRows; r += Threads / 32 * 4) {
        const float* rows[4];
#pragma unroll
        for (int i = 0; i < 4; i++) {
            // Places after the last repeat it; what comes of them is not kept.
            rows[i] = row_values(a.rows, least(first + r + i, count - 1));
        }
        auto write = [&](int i, int d, uint low, uint high) {
            store_pair(values + (uint)((r + i) * pitch + d * 2), low, high);
        };
        auto finish = [&](int i, float ratio, float margin) {
            state.ratios[r + i] = ratio;
            state.margins[r + i] = margin;
        };
        if (dimension % 4 == 0) {
            round_four<true>(rows, a.centers, dimension, a.centers.padded_columns, write, finish);
        } else {
            round_four<false>(rows, a.centers, dimension, a.centers.padded_columns, write, finish);
        }
    }
}

// Starts a part of the copy of 64 columns (fewer at the end) of 128 rows of halves. A thread copies eight of every sixteenth row, two of
// these in each of the four parts: `to` and `from` are where its first are.
template <int Part>
DEVICE void copy_part(uint to, const half_bits* from, int pitch, int columns) {
    constexpr int Step = Threads / 8, Each = TileRows / Step / 4;
    if ((thread_id() & 7) * 8 < columns) {
#pragma unroll
        for (int i = Part * Each; i < (Part + 1) * Each; i++) {
            copy_async(to + i * Step * StagePitch, from + i * Step * pitch);
        }
    }
}

DEVICE void keep_best(BestTwo (&rows)[8], const float (&sums)[4][8][4], const float (&ratios)[8], const float* half_squares, int tile) {
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
            float v0 = tagged(__builtin_fmaf(-ratios[r], h.x, s[0]), mask, n * 2);
            float v1 = tagged(__builtin_fmaf(-ratios[r], h.y, s[1]), mask, n * 2 + 1);
            rows[r].keep(v0, v1);
        }
    }
#pragma unroll
    for (int r = 0; r < 8; r++) {
        rows[r].tile = rows[r].best != before[r] ? tile : rows[r].tile;
    }
}

// Notes the centres whose scores reach their row's threshold. They are few, but a warp has thousands of scores: first each
// lane marks its own, then all lanes write theirs together.
DEVICE void keep_candidates(const AssignArgs& a, const TileState& state, const float (&sums)[4][8][4], const float (&ratios)[8],
    int first, int count, int warp_row, int center) {
    const float* half_squares = a.centers.half_squares + center;
    uint64 marks[2] = {};   // sixteen for each of the lane's eight rows
#pragma unroll
    for (int r = 0; r < 8; r++) {
        float threshold = state.margins[warp_row + r / 2 * 16 + r % 2 * 8];
        uint found = 0;
#pragma unroll
        for (int n = 0; n < 8; n++) {
            float2 h = *(const float2*)(half_squares + n * 8);
#pragma unroll
            for (int j = 0; j < 2; j++) {
                // Not "at least", so that a score which is no number makes a candidate.
                float score = __builtin_fmaf(-ratios[r], j == 0 ? h.x : h.y, sums[r / 2][n][r % 2 * 2 + j]);
                found |= !(score < threshold) ? 1u << (n * 2 + j) : 0;
            }
        }
        // What all reach is not looked for.
        marks[r / 4] |= threshold != -infinity() ? (uint64)found << (r % 4 * 16) : 0;
    }
    while ((marks[0] | marks[1]) != 0) {
        int half = marks[0] != 0 ? 0 : 1;
        int mark = __builtin_ctzll(half == 0 ? marks[0] : marks[1]);
        marks[0] &= half == 0 ? marks[0] - 1 : marks[0];
        marks[1] &= half == 1 ? marks[1] - 1 : marks[1];
        int r = half * 4 + mark / 16, place = mark % 16;
        int entry = first + warp_row + r / 2 * 16 + r % 2 * 8, k = center + place / 2 * 8 + place % 2;
        if (k < a.centers.count && entry < count) {
            int slot = atomic_add(a.undecided.candidate_counts + entry, 1);
            if (slot < MostCandidates) {
                a.undecided.candidates[(int64)entry * MostCandidates + slot] = k;
            }
        }
    }
}

// Brings together what the four lanes and the two warps of each row have seen; labels the rows and lists the undecided.
DEVICE void decide(const AssignArgs& a, TileState& state, const BestTwo (&rows)[8], int first, int count, int warp_row, int warp_column) {
    int lane = lane_id() & 3;
    float best[8], second[8];
    int label[8];
#pragma unroll
    for (int r = 0; r < 8; r++) {
        best[r] = rows[r].best;
        second[r] = rows[r].second;
        int tag = (int)(float_bits(best[r]) & 15u);
        label[r] = rows[r].tile * TileCenters + warp_column * 64 + tag / 2 * 8 + lane * 2 + tag % 2;
#pragma unroll
        for (int mask = 1; mask <= 2; mask *= 2) {
            float other_best = shuffle_xor(best[r], mask), other_second = shuffle_xor(second[r], mask);
            merge_best(best[r], second[r], label[r], other_best, other_second, shuffle_xor(label[r], mask));
        }
        int row = warp_row + r / 2 * 16 + r % 2 * 8;
        if (warp_column == 1 && lane == 0) {
            state.best[row] = best[r];
            state.second[row] = second[r];
            state.labels[row] = label[r];
        }
    }
    block_barrier();
    if (warp_column == 0 && lane == 0) {
#pragma unroll
        for (int r = 0; r < 8; r++) {
            int row = warp_row + r / 2 * 16 + r % 2 * 8;
            merge_best(best[r], second[r], label[r], state.best[row], state.second[row], state.labels[row]);
            if (label[r] >= a.centers.count) {
                label[r] = 0;   // every score was no number: the row is undecided
            }
            state.labels[row] = label[r];
            if (first + row < count) {
                label_row(a, first + row, label[r], best[r], second[r], state.margins[row], state.ratios[row]);
            }
        }
    }
    block_barrier();
}

// Squared distances to the centres just found, while the rows are still in the cache: eight rows at a time by a warp.
DEVICE void measure(const AssignArgs& a, const TileState& state, int first, int count) {
    for (int r = warp_id() * 8 + (lane_id() >> 2); r < TileRows; r += Threads / 32 * 8) {
        int row = least(r, count - 1 - first);
        const float* center = a.centers.values + (int64)state.labels[row] * a.rows.dimension;
        float distance = direct_distance(row_values(a.rows, first + row), center, a.rows.dimension);
        if ((lane_id() & 3) == 0 && row == r) {
            a.distances[first + r] = distance;
        }
    }
}

// With `Candidates` the rows are the listed ones, which have been rounded by themselves.
template <bool Resident, bool Candidates>
DEVICE void assign_tiles(const AssignArgs& a) {
    if (Candidates && is_scanned(a)) {
        return;
    }
    DYNAMIC_SHARED(shared, 128);
    int columns = a.centers.padded_columns;
    int pitch = Resident ? columns * 2 + 16 : StagePitch;   // 16 bytes more than the values, so that eight rows fall in eight banks
    uint row_values_at = shared_address(shared);
    uint stages_at = row_values_at + (Resident ? TileRows * pitch : a.stages * StageBytes);
    TileState& state = *(TileState*)(shared + (stages_at - row_values_at) + a.stages * StageBytes);
    int chunks = (columns + Chunk - 1) / Chunk;
    int count = Candidates ? *a.undecided.count : a.rows.count;
    int warp_row = (warp_id() >> 1) * 64 + (lane_id() >> 2);    // of the thread's first row
    int warp_column = warp_id() & 1;

    // Where the lanes' rows of the 8×8 matrices begin: those of the columns behind lie elsewhere by their number in the stage.
    int a_row = (warp_id() >> 1) * 64 + (lane_id() & 15), a_eight = lane_id() >> 4;
    uint a_at = row_values_at + (Resident ? (uint)(a_row * pitch + a_eight * 16) : stage_place(a_row, a_eight));
    uint b_at = stages_at + stage_place(warp_column * 64 + (lane_id() & 7) + (lane_id() >> 4) * 8, (lane_id() >> 3) & 1);

    // And where what the thread copies goes.
    int own_row = thread_id() >> 3, own_eight = thread_id() & 7;
    uint to = stage_place(own_row, own_eight);
    const half_bits* own_centers = a.centers.halves + (int64)own_row * columns + own_eight * 8;
    const half_bits* own_rows = Resident ? nullptr : a.halves + (int64)own_row * columns + own_eight * 8;

    // Few rows are undecided: then blocks share their centres too, so that all have something to do.
    int parts = Candidates ? clamp(grid_blocks() * 2 / larger(1, (count + TileRows - 1) / TileRows), 1, a.centers.tiles) : 1;
    int first_tile = 0, end_tile = a.centers.tiles;
    for (int item = block_id(); item / parts * TileRows < count; item += grid_blocks()) {
        int first = item / parts * TileRows;
        if (Candidates) {
            first_tile = a.centers.tiles * (item % parts) / parts;
            end_tile = a.centers.tiles * (item % parts + 1) / parts;
        }
        int steps = chunks * (end_tile - first_tile);
        block_barrier();
        if (!Resident) {
            int entry = least(first + thread_id(), count - 1);
            float2 scale = a.scales[entry];
            state.ratios[thread_id()] = scale.x;
            state.margins[thread_id()] = Candidates ? a.undecided.thresholds[entry] * scale.x : scale.y;
        }

        // Through columns there and back: what was read last is what is most likely still in the second-level cache.
        int copies = steps, next_chunk = 0, next_stage = 0, next_way = 1;
        const half_bits* centers_from = own_centers + (int64)first_tile * TileCenters * columns;
        const half_bits* rows_from = own_rows + (Resident ? 0 : (int64)first * columns);    // there is room for whole tiles
        auto copy_some = [&]<int Part>() {
            if (copies > 0) {
                int width = columns - next_chunk * Chunk;
                copy_part<Part>(stages_at + to + next_stage * StageBytes, centers_from, columns, width);
                if (!Resident) {
                    copy_part<Part>(row_values_at + to + next_stage * StageBytes, rows_from, columns, width);
                }
            }
            if (Part == 3) {
                bool ends = next_chunk == (next_way > 0 ? chunks - 1 : 0);
                centers_from += ends ? TileCenters * columns : next_way * Chunk;
                rows_from += ends ? 0 : next_way * Chunk;
                next_chunk += ends ? 0 : next_way;
                next_way = ends ? -next_way : next_way;
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
        if (Resident) {
            round_tile(a, state, row_values_at, pitch, first, count);
        }
        block_barrier();

        float ratios[8];
#pragma unroll
        for (int r = 0; r < 8; r++) {
            ratios[r] = state.ratios[warp_row + r / 2 * 16 + r % 2 * 8];
        }
        BestTwo best[8];
        float sums[4][8][4] = {};
        int tile = first_tile, chunk = 0, way = 1, at = 0;
        for (int step = 0; step < steps; step++) {
            if (a.stages == 2) {
                copy_wait<0>();
            } else {
                copy_wait<1>();
            }
            block_barrier();
            int width = least(columns - chunk * Chunk, Chunk);
            uint a_from = a_at + (Resident ? chunk * Chunk * 2 : at * StageBytes), b_from = b_at + at * StageBytes;
            at = at + 1 == a.stages ? 0 : at + 1;
            auto multiply_step = [&](int d) {
                uint rows[4][4];
                uint rows_at = Resident ? a_from + d * 2 : a_from ^ d * 2, centers_at = b_from ^ d * 2;
#pragma unroll
                for (int m = 0; m < 4; m++) {
                    load_matrices(rows[m], rows_at + (uint)(m * 16 * pitch));
                }
#pragma unroll
                for (int n = 0; n < 4; n++) {
                    uint centers[4];
                    load_matrices(centers, centers_at + (uint)(n * 16 * StagePitch));
#pragma unroll
                    for (int m = 0; m < 4; m++) {
                        multiply_add(sums[m][n * 2], rows[m], centers[0], centers[1]);
                        multiply_add(sums[m][n * 2 + 1], rows[m], centers[2], centers[3]);
                    }
                }
            };
            if (width == Chunk) {
                // In one piece, so that what the next step takes is read while this one multiplies; and copies begin in between.
                multiply_step(0);
                copy_some.template operator()<0>();
                multiply_step(16);
                copy_some.template operator()<1>();
                multiply_step(32);
                copy_some.template operator()<2>();
                multiply_step(48);
                copy_some.template operator()<3>();
            } else {
                copy_step();
                for (int d = 0; d < width; d += 16) {
                    multiply_step(d);
                }
            }
            if (chunk != (way > 0 ? chunks - 1 : 0)) {
                chunk += way;
            } else {
                int center = tile * TileCenters + warp_column * 64 + (lane_id() & 3) * 2;
                if (Candidates) {
                    keep_candidates(a, state, sums, ratios, first, count, warp_row, center);
                } else {
                    keep_best(best, sums, ratios, a.centers.half_squares + center, tile);
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
                tile++;
            }
        }
        copy_wait<0>();
        if (!Candidates) {
            decide(a, state, best, first, count, warp_row, warp_column);
            if (a.distances) {
                measure(a, state, first, count);
            }
        }
    }
}

GLOBAL BOUNDS(Threads, 2) void assign_resident(AssignArgs a) { assign_tiles<true, false>(a); }
GLOBAL BOUNDS(Threads, 2) void find_candidates(AssignArgs a) { assign_tiles<false, true>(a); }
