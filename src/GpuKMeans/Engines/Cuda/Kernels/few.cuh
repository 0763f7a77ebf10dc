// The fast pass for few centres: a warp has sixteen rows and the sums of all centres with them in its registers, while the rows
// come by, 64 columns at a time, each value read once and rounded on its way to the tensor cores. The centres are in shared
// memory, or pass through it where they find no room.
//
// Reading the rows is the limit, so what matters is that reads are always under way: those of the next columns, or of the next
// rows, begin as soon as the last are rounded. And as all scores are there at the end, so are all candidates: none need be
// looked for by another pass.
#pragma once
#include "long_rows.cuh"
#include "tensor.cuh"

constexpr int FewRowsOfWarp = 16;
constexpr int FewSteps = LongChunk / 16;

// What a lane reads of 64 columns of its two rows: four of each sixteen.
struct FewValues {
    float v[FewSteps][2][4];
};

template <bool Vectors>
DEVICE void read_few(FewValues& x, const float* const (&rows)[2], int chunk, int dimension, uint64 policy) {
#pragma unroll
    for (int s = 0; s < FewSteps; s++) {
#pragma unroll
        for (int r = 0; r < 2; r++) {
            read4_once<Vectors>(x.v[s][r], rows[r], chunk * LongChunk + s * 16 + (lane_id() & 3) * 4, dimension, policy);
        }
    }
}

// Rounds them in the order in which the tensor cores take them, and adds up the squares of the values and of what that takes away.
DEVICE void round_few(uint (&halves)[FewSteps][4], const FewValues& x, const float* origin, float scale, float (&square)[2], float (&residual)[2]) {
#pragma unroll
    for (int s = 0; s < FewSteps; s++) {
        float4 o = load4(origin + s * 16 + (lane_id() & 3) * 4);
#pragma unroll
        for (int r = 0; r < 2; r++) {
            float v[4] = {__builtin_fmaf(x.v[s][r][0], scale, o.x), __builtin_fmaf(x.v[s][r][1], scale, o.y),
                __builtin_fmaf(x.v[s][r][2], scale, o.z), __builtin_fmaf(x.v[s][r][3], scale, o.w)};
#pragma unroll
            for (int i = 0; i < 2; i++) {
                uint pair = half_pair(v[i * 2], v[i * 2 + 1]);
#pragma unroll
                for (int j = 0; j < 2; j++) {
                    float lost = v[i * 2 + j] - half_value(pair >> (j * 16));
                    square[r] = __builtin_fmaf(v[i * 2 + j], v[i * 2 + j], square[r]);
                    residual[r] = __builtin_fmaf(lost, lost, residual[r]);
                }
                halves[s][i * 2 + r] = pair;
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
            entry = any ? atomic_add(a.undecided.count, 1) : a.rows.count - 1 - atomic_add(a.undecided.count + 1, 1);
            a.undecided.places[entry] = place;
            a.undecided.candidate_counts[entry] = any ? MostCandidates + 1 : total;
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

template <int Width, int Warps, bool Vectors>
DEVICE void assign_few_rows(const AssignArgs& a) {
    constexpr uint StageBytes = Width * LongChunk * 2;
    constexpr int BlockRows = Warps * FewRowsOfWarp, Threads = Warps * 32;
    extern SHARED __attribute__((aligned(128))) unsigned char shared[];
    int stages = a.stages, columns = a.centers.tiled_columns, chunks = columns / LongChunk, dimension = a.rows.dimension;
    bool all = chunks <= stages;
    uint stages_at = shared_address(shared);
    float* origin = (float*)(shared + stages * StageBytes);     // its negative, in units of the rows' scale
    float* half_squares = origin + columns;
    float scale = long_rows_scale(*a.centers.extremes);
    int tiles = (a.rows.count + BlockRows - 1) / BlockRows, own_tiles = (tiles - block_id() + grid_blocks() - 1) / grid_blocks();
    int copies = all ? chunks : own_tiles * chunks;
    int next_stage = 0, next_chunk = 0;     // of the next copy
    auto copy_chunk = [&]() {
        if (copies > 0) {
            const char* from = (const char*)a.centers.tiles_of_halves + (int64)next_chunk * StageBytes;
            uint to = stages_at + next_stage * StageBytes;
            for (uint i = thread_id() * 16; i < StageBytes; i += Threads * 16) {
                copy_async(to + i, from + i);
            }
            next_chunk = next_chunk + 1 == chunks ? 0 : next_chunk + 1;
            next_stage = next_stage + 1 == stages ? 0 : next_stage + 1;
            copies--;
        }
        copy_commit();
    };
    for (int s = 0; s < (all ? chunks : stages - 1); s++) {
        copy_chunk();
    }
    for (int d = thread_id(); d < columns; d += Threads) {
        origin[d] = d < dimension ? -a.centers.origin[d] * scale : 0;
    }
    for (int k = thread_id(); k < Width; k += Threads) {
        half_squares[k] = a.centers.half_squares[k];
    }
    uint64 policy = read_once();
    int own_row = warp_id() * FewRowsOfWarp + (lane_id() >> 2);
    auto rows_of = [&](int tile, const float* (&rows)[2]) {
#pragma unroll
        for (int r = 0; r < 2; r++) {
            // Places after the last repeat it; what comes of them is not kept.
            int64 place = (int64)tile * BlockRows + own_row + r * 8;
            rows[r] = row_values(a.rows, place < a.rows.count ? (int)place : a.rows.count - 1);
        }
    };
    const float* rows[2];
    const float* next[2];
    FewValues x;
    rows_of(block_id(), rows);
    read_few<Vectors>(x, rows, 0, dimension, policy);
    copy_wait<0>();
    block_barrier();

    // Where the lane's rows of 8×8 matrices begin.
    uint lane_at = stages_at + (uint)(((lane_id() >> 3 & 1) * Width + (lane_id() >> 4) * 8 + (lane_id() & 7)) * 16);
    int stage = 0;
    for (int tile = block_id(); tile < tiles; tile += grid_blocks()) {
        rows_of(tile + grid_blocks(), next);
        float sums[Width / 8][4] = {};
        float square[2] = {}, residual[2] = {};
        for (int c = 0; c < chunks; c++) {
            uint halves[FewSteps][4];
            round_few(halves, x, origin + c * LongChunk, scale, square, residual);
            bool last = c + 1 == chunks;
            if (last) {
                rows[0] = next[0];
                rows[1] = next[1];
            }
            read_few<Vectors>(x, rows, last ? 0 : c + 1, dimension, policy);
            if (!all) {
                if (stages > 2) {
                    copy_wait<1>();
                } else {
                    copy_wait<0>();
                }
                block_barrier();
                copy_chunk();
            }
            uint at = lane_at + stage * StageBytes;
#pragma unroll
            for (int s = 0; s < FewSteps; s++) {
#pragma unroll
                for (int n = 0; n < Width / 16; n++) {
                    uint b[4];
                    load_matrices(b, at + (uint)(s * 2 * Width * 16 + n * 256));
                    multiply_add(sums[n * 2], halves[s], b[0], b[1]);
                    multiply_add(sums[n * 2 + 1], halves[s], b[2], b[3]);
                }
            }
            stage = stage + 1 == (all ? chunks : stages) ? 0 : stage + 1;
        }
        float2 lengths[2];
#pragma unroll
        for (int r = 0; r < 2; r++) {
            lengths[r] = float2{near_root(lanes_sum<4>(square[r])), near_root(lanes_sum<4>(residual[r]))};
        }
        LongScale row_scale = long_scale(a, lengths);
        float scores[2][Width / 4];
#pragma unroll
        for (int n = 0; n < Width / 8; n++) {
            float2 h = *(const float2*)(half_squares + n * 8 + (lane_id() & 3) * 2);
#pragma unroll
            for (int r = 0; r < 2; r++) {
                scores[r][n * 2] = __builtin_fmaf(sums[n][r * 2], row_scale.products, -row_scale.ratio * h.x);
                scores[r][n * 2 + 1] = __builtin_fmaf(sums[n][r * 2 + 1], row_scale.products, -row_scale.ratio * h.y);
            }
        }
        int place = tile * BlockRows + own_row, labels[2];
#pragma unroll
        for (int r = 0; r < 2; r++) {
            labels[r] = label_few<Width>(a, scores[r], row_scale.margins[r], place + r * 8);
        }
        if (a.distances) {
            const float* own[2];
            const float* centers[2];
            float distances[2];
            rows_of(tile, own);
#pragma unroll
            for (int r = 0; r < 2; r++) {
                centers[r] = a.centers.values + (int64)labels[r] * dimension;
            }
            direct_distances(distances, own, centers, dimension);
#pragma unroll
            for (int r = 0; r < 2; r++) {
                if ((lane_id() & 3) == 0 && place + r * 8 < a.rows.count) {
                    a.distances[place + r * 8] = distances[r];
                }
            }
        }
    }
    copy_wait<0>();
}

template <int Width, int Warps>
DEVICE void assign_few(const AssignArgs& a) {
    if (a.rows.dimension % 4 == 0) {
        assign_few_rows<Width, Warps, true>(a);
    } else {
        assign_few_rows<Width, Warps, false>(a);
    }
}
