// The fast pass for few centres: a warp has sixteen rows and the sums of all centres with them in its registers, while the rows
// come by, 64 columns at a time, each value read once and rounded on its way to the tensor cores. The centres are in shared
// memory, or pass through it where they find no room.
//
// Reading the rows is the limit, so what matters is that reads are always under way: a ring of shared memory for each warp takes
// the columns of two chunks while a third is rounded. And as all scores are there at the end, so are all candidates: none need be
// looked for by another pass.
#pragma once
#include "long_rows.cuh"
#include <tensor.cuh>

constexpr int FewRowsOfWarp = 16;
constexpr int FewSteps = LongChunk / 16;
constexpr int FewStages = 3;                                    // of the rings of rows and centres
constexpr uint FewPieces = LongChunk / 4;                       // of 16 bytes, of a row
constexpr uint FewRowStageBytes = FewRowsOfWarp * LongChunk * 4;

// Where a stage has a piece of a row: odd rows have halves of a line exchanged, so that what eight lanes read together, four
// pieces of two rows, falls in different banks.
DEVICE uint few_piece(uint row, uint piece) { return row * (LongChunk * 4) + (piece ^ (row & 1) * 4) * 16; }

// Starts the copy of 64 columns of a warp's rows, zeros behind the last. A lane knows where a row begins: the one of its number, and
// from 16 on again from the first.
template <bool Vectors>
DEVICE void copy_few(uint stage, const float* own, int chunk, int dimension) {
    uint piece = (uint)lane_id() % FewPieces;
    int d = chunk * LongChunk + (int)piece * 4;
#pragma unroll
    for (int i = 0; i < FewRowsOfWarp / 2; i++) {
        int row = i * 2 + lane_id() / 16;
        const float* from = (const float*)shuffle((uint64)own, row) + d;
        uint to = stage + few_piece((uint)row, piece);
        if constexpr (Vectors) {
            copy_async_or_zeros<16>(to, d < dimension ? from : (const float*)own, d < dimension);
        } else {
#pragma unroll
            for (int j = 0; j < 4; j++) {
                bool exists = d + j < dimension;
                copy_async_or_zeros<4>(to + j * 4, exists ? from + j : (const float*)own, exists);
            }
        }
    }
}

// What a lane has of 64 columns of its two rows, rounded in the order in which the tensor cores take them.
struct FewHalves {
    uint first[FewSteps][4];
    uint rest[FewSteps][4];         // what the first lost
};

// Rounds them, and adds up the squares of the values and of what halves lost; rounded twice they lose so little that a bound will do: see
// finish_few. `stage` says where the lane's first row begins.
template <bool Twice>
DEVICE void round_few(FewHalves& halves, const unsigned char* stage, const float* origin, float scale, float (&square)[2], float (&residual)[2]) {
    uint odd = (uint)lane_id() >> 2 & 1;
#pragma unroll
    for (int s = 0; s < FewSteps; s++) {
        float4 o = load4(origin + s * 16 + (lane_id() & 3) * 4);
#pragma unroll
        for (int r = 0; r < 2; r++) {
            float4 x = *(const float4*)(stage + r * 8 * LongChunk * 4 + (((uint)s * 4 + (lane_id() & 3)) ^ odd * 4) * 16);
            float v[4] = {__builtin_fmaf(x.x, scale, o.x), __builtin_fmaf(x.y, scale, o.y), __builtin_fmaf(x.z, scale, o.z),
                __builtin_fmaf(x.w, scale, o.w)};
#pragma unroll
            for (int i = 0; i < 2; i++) {
                uint pair = half_pair(v[i * 2], v[i * 2 + 1]);
                float lost[2] = {v[i * 2] - half_value(pair), v[i * 2 + 1] - half_value(pair >> 16)};
#pragma unroll
                for (int j = 0; j < 2; j++) {
                    square[r] = __builtin_fmaf(v[i * 2 + j], v[i * 2 + j], square[r]);
                    residual[r] = Twice ? 0 : __builtin_fmaf(lost[j], lost[j], residual[r]);
                }
                halves.first[s][i * 2 + r] = pair;
                if constexpr (Twice) {
                    halves.rest[s][i * 2 + r] = half_pair(lost[0], lost[1]);
                }
            }
        }
    }
}

// Labels a row by the lane's share of its scores, two of each eight, and lists it with its candidates if there are more than one.
template <int Width>
DEVICE int label_few(const AssignArgs& a, const float (&scores)[Width / 4], int margin, int place) {
    constexpr int Words = (Width + 127) / 128;
    int lane = lane_id() & 3;
    float best = scores[0];
#pragma unroll
    for (int i = 1; i < Width / 4; i++) {
        best = larger(best, scores[i]);
    }
    best = larger(best, shuffle_xor(best, 1));
    best = larger(best, shuffle_xor(best, 2));
    bool valid = margin < MostKeyMargin && magnitude(best) < infinity();
    float limit = best - (float)(margin + 2) * KeyUnit;
    uint near[Words] = {};
    int own = 0;
#pragma unroll
    for (int w = 0; w < Words; w++) {
#pragma unroll
        for (int i = 0; i < Width / 4 / Words; i++) {
            near[w] |= scores[w * 32 + i] >= limit ? 1u << i : 0;
        }
        own += __builtin_popcount(near[w]);
    }
    auto center = [&](int bit) { return bit / 2 * 8 + lane * 2 + bit % 2; };
    int label = own == 0 ? 0 : center(Words == 1 || near[0] ? __builtin_ctz(near[0]) : 32 + __builtin_ctz(near[Words - 1]));
    label = larger(label, shuffle_xor(label, 1));
    label = larger(label, shuffle_xor(label, 2));
    int neighbour = shuffle_xor(own, 1);
    int pair = own + neighbour, other_pair = shuffle_xor(pair, 2);
    int total = pair + other_pair;
    bool first = lane == 0, exists = place < a.rows.count;
    bool any = !valid || total > MostCandidates, listed = exists && (any || total > 1);
    label = valid ? label : 0;
    if (first && exists) {
        a.labels[place] = label;
    }
    if (any_lane(listed)) {
        int entry = 0;
        if (first && listed) {
            // From both ends: rows for which any centre may be the one, and those whose candidates are known.
            entry = any ? atomic_add(a.undecided.count, 1) : list_known(a, place, total);
            if (any) {
                a.undecided.places[entry] = place;
                a.undecided.candidate_counts[entry] = MostCandidates + 1;
            }
        }
        entry = shuffle_first_of_four(entry);
        if (listed && !any) {
            int* to = a.undecided.candidates + (int64)entry * MostCandidates + ((lane & 1) ? neighbour : 0) + ((lane & 2) ? other_pair : 0);
#pragma unroll
            for (int w = 0; w < Words; w++) {
                for (uint left = near[w]; left; left &= left - 1) {
                    *to++ = center(w * 32 + __builtin_ctz(left));
                }
            }
        }
    }
    return label;
}

// A warp's ring of rows, and what is copied next: two chunks before it is rounded, and so perhaps of the next tile, or the one
// after that.
template <bool Vectors>
struct FewRing {
    uint stages_at;
    int block_rows;
    int chunks;
    int left;           // chunks that are still to be copied
    int stage = 0;
    int chunk = 0;
    int tile = block_id();
    const float* own = nullptr;

    METHOD FewRing(uint stages_at, int block_rows, int chunks, int left)
        : stages_at(stages_at), block_rows(block_rows), chunks(chunks), left(left) {}

    // `besides` starts what else is copied with it. Every call is a group of copies.
    template <typename Besides>
    METHOD void next(const AssignArgs& a, Besides besides) {
        if (left > 0) {
            if (chunk == 0) {
                // Places after the last repeat it; what comes of them is not kept.
                int64 place = (int64)tile * block_rows + warp_id() * FewRowsOfWarp + (lane_id() & 15);
                own = row_values(a.rows, place < a.rows.count ? (int)place : a.rows.count - 1);
            }
            copy_few<Vectors>(stages_at + stage * FewRowStageBytes, own, chunk, a.rows.dimension);
            besides(stage, chunk);
            left--;
            stage = stage + 1 == FewStages ? 0 : stage + 1;
            tile += chunk + 1 == chunks ? grid_blocks() : 0;
            chunk = chunk + 1 == chunks ? 0 : chunk + 1;
        }
        copy_commit();
    }
};

// What all of a block know beside their rings. `origin` is the negative of it, in units of the rows' scale.
struct FewBlock {
    float* origin;
    float* half_squares;
    float scale;
    int chunks;
    int tiles;          // of rows, in all
    int own_tiles;
};

// By all threads; they may read what is in shared memory after the next barrier of the block.
template <int Width>
DEVICE FewBlock few_block(const AssignArgs& a, unsigned char* at, int block_rows) {
    int columns = a.centers.tiled_columns, tiles = (a.rows.count + block_rows - 1) / block_rows;
    float* origin = (float*)at;
    FewBlock b = {origin, origin + columns, long_rows_scale(*a.centers.extremes), columns / LongChunk, tiles,
        (tiles - block_id() + grid_blocks() - 1) / grid_blocks()};
    for (int d = thread_id(); d < columns; d += block_threads()) {
        origin[d] = d < a.rows.dimension ? -a.centers.origin[d] * b.scale : 0;
    }
    for (int k = thread_id(); k < Width; k += block_threads()) {
        b.half_squares[k] = a.centers.half_squares[k];
    }
    return b;
}

// Labels the lane's two rows, eight places apart, by the bound of long_margin, and measures their distances if asked. `summed` columns
// are added up on the tensor cores, those of second halves among them, or what comes to as much: see long_scale. `sum` gives a
// product: of each eight centres, of each row, of the lane's two.
template <int Width, bool Twice, typename Sum>
DEVICE void finish_few(const AssignArgs& a, const FewBlock& b, const float (&square)[2], const float (&residual)[2], int place, int summed, Sum sum) {
    float2 lengths[2];
#pragma unroll
    for (int r = 0; r < 2; r++) {
        float lost = Twice ? 0 : near_root(lanes_sum<4>(residual[r]));
        float length = near_root(lanes_sum<4>(square[r]));
        // Each half loses a share of 2^-11, the second of what the first lost, and what lies below the least half. Where the first is
        // infinite so is the second, with the other sign, and no score is a number.
        lengths[r] = float2{length, Twice ? length * 0x1.01p-22f + near_root((float)a.centers.tiled_columns) * 0x1.01p-25f : lost};
    }
    LongScale row_scale = long_scale(a, lengths, summed);
    float scores[2][Width / 4];
#pragma unroll
    for (int n = 0; n < Width / 8; n++) {
        float2 h = *(const float2*)(b.half_squares + n * 8 + (lane_id() & 3) * 2);
        float less[2] = {-row_scale.ratio * h.x, -row_scale.ratio * h.y};
#pragma unroll
        for (int r = 0; r < 2; r++) {
#pragma unroll
            for (int j = 0; j < 2; j++) {
                scores[r][n * 2 + j] = __builtin_fmaf(sum(n, r, j), row_scale.products, less[j]);
            }
        }
    }
    int labels[2];
#pragma unroll
    for (int r = 0; r < 2; r++) {
        labels[r] = label_few<Width>(a, scores[r], row_scale.margins[r], place + r * 8);
    }
    if (a.distances) {
        const float* x[2];
        const float* c[2];
        float distances[2];
#pragma unroll
        for (int r = 0; r < 2; r++) {
            x[r] = row_values(a.rows, least(place + r * 8, a.rows.count - 1));
            c[r] = a.centers.values + (int64)labels[r] * a.rows.dimension;
        }
        direct_distances(distances, x, c, a.rows.dimension);
#pragma unroll
        for (int r = 0; r < 2; r++) {
            if ((lane_id() & 3) == 0 && place + r * 8 < a.rows.count) {
                a.distances[place + r * 8] = distances[r];
            }
        }
    }
}
