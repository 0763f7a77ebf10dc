// Looks for the candidates of listed rows, which have been rounded by themselves: scores of 128 rows by 128 centres at a time on the
// tensor cores, and every centre noted that may be nearest.
//
// A block is four warps in a square, each with 64 rows by 64 centres. Rows and centres pass through a ring of stages.
#include "assign.cuh"
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
    float thresholds[TileRows];
};

// Of a stage the eights of a row are in an order of the row's own, so that eight rows' fall in different banks.
DEVICE uint stage_place(int row, int eight) { return (uint)(row * StagePitch + (eight ^ (row & 7)) * 16); }

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

// Notes the centres whose scores reach their row's threshold. They are few, but a warp has thousands of scores: first each
// lane marks its own, then all lanes write theirs together.
DEVICE void keep_candidates(const AssignArgs& a, const TileState& state, const float (&sums)[4][8][4], const float (&ratios)[8],
    int first, int count, int warp_row, int center) {
    const float* half_squares = a.centers.half_squares + center;
    uint64 marks[2] = {};   // sixteen for each of the lane's eight rows
#pragma unroll
    for (int r = 0; r < 8; r++) {
        float threshold = state.thresholds[warp_row + r / 2 * 16 + r % 2 * 8];
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

GLOBAL BOUNDS(Threads, 2) void find_candidates(AssignArgs a) {
    kernel_begins();
    if (is_scanned(a)) {
        return;
    }
    DYNAMIC_SHARED(shared, 128);
    int columns = a.centers.padded_columns;
    uint rows_at = shared_address(shared), centers_at = rows_at + a.stages * StageBytes;
    TileState& state = *(TileState*)(shared + 2 * a.stages * StageBytes);
    int chunks = (columns + Chunk - 1) / Chunk;
    int count = *a.undecided.count;
    int warp_row = (warp_id() >> 1) * 64 + (lane_id() >> 2);    // of the thread's first row
    int warp_column = warp_id() & 1;

    // Where the lanes' rows of the 8×8 matrices begin: those of the columns behind lie elsewhere by their number in the stage.
    uint a_at = rows_at + stage_place((warp_id() >> 1) * 64 + (lane_id() & 15), lane_id() >> 4);
    uint b_at = centers_at + stage_place(warp_column * 64 + (lane_id() & 7) + (lane_id() >> 4) * 8, (lane_id() >> 3) & 1);

    // And where what the thread copies goes.
    int own_row = thread_id() >> 3, own_eight = thread_id() & 7;
    uint to = stage_place(own_row, own_eight);
    int64 own_place = (int64)own_row * columns + own_eight * 8;

    // Few rows are undecided: then blocks share their centres too, so that all have something to do.
    int parts = clamp(grid_blocks() * 2 / larger(1, (count + TileRows - 1) / TileRows), 1, a.centers.tiles);
    for (int item = block_id(); item / parts * TileRows < count; item += grid_blocks()) {
        int first = item / parts * TileRows;
        int first_tile = a.centers.tiles * (item % parts) / parts, end_tile = a.centers.tiles * (item % parts + 1) / parts;
        int steps = chunks * (end_tile - first_tile);
        block_barrier();
        int entry = least(first + thread_id(), count - 1);
        float ratio = a.scales[entry].x;
        state.ratios[thread_id()] = ratio;
        state.thresholds[thread_id()] = a.undecided.thresholds[entry] * ratio;

        int copies = steps, next_chunk = 0, next_stage = 0;
        const half_bits* centers_from = a.centers.halves + own_place + (int64)first_tile * TileCenters * columns;
        const half_bits* rows_from = a.halves + own_place + (int64)first * columns;     // there is room for whole tiles
        auto copy_some = [&]<int Part>() {
            if (copies > 0) {
                int width = columns - next_chunk * Chunk;
                copy_part<Part>(centers_at + to + next_stage * StageBytes, centers_from, columns, width);
                copy_part<Part>(rows_at + to + next_stage * StageBytes, rows_from, columns, width);
            }
            if (Part == 3) {
                bool ends = next_chunk + 1 == chunks;
                centers_from += ends ? (int64)TileCenters * columns - next_chunk * Chunk : Chunk;
                rows_from += ends ? -next_chunk * Chunk : Chunk;
                next_chunk = ends ? 0 : next_chunk + 1;
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
        block_barrier();

        float ratios[8];
#pragma unroll
        for (int r = 0; r < 8; r++) {
            ratios[r] = state.ratios[warp_row + r / 2 * 16 + r % 2 * 8];
        }
        float sums[4][8][4] = {};
        int tile = first_tile, chunk = 0, at = 0;
        for (int step = 0; step < steps; step++) {
            if (a.stages == 2) {
                copy_wait<0>();
            } else {
                copy_wait<1>();
            }
            block_barrier();
            int width = least(columns - chunk * Chunk, Chunk);
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
            if (++chunk < chunks) {
                continue;
            }
            int center = tile * TileCenters + warp_column * 64 + (lane_id() & 3) * 2;
            keep_candidates(a, state, sums, ratios, first, count, warp_row, center);
            clear(sums);
            chunk = 0;
            tile++;
        }
        copy_wait<0>();
    }
}
