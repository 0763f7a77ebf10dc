// What is done with a tile of 128 centres on Hopper: scores of two rows a thread, of each of which four lanes have 32, and
// the two best of them.
#pragma once
#include "best.cuh"
#include "hopper.cuh"

constexpr int TileCenters = 128;
constexpr int MostStages = 8;
constexpr int FirstTiles = 4;      // in which most rows still find a better centre
constexpr uint HalfSquareBytes = TileCenters * 4;

// The barriers of the ring of centres. A stage is full when its bytes have come, and empty when all warps have read it.
struct CenterRing {
    uint full;
    uint empty;
    uint values;
    uint half_squares;      // a ring of its own, of more tiles than stages can hold: they are read after the stage is left
};

// Sends for the centres of a tile, and with the first of their columns for half their squared lengths.
DEVICE void send_centers(const AssignArgs& a, const CenterRing& ring, Turn& turn, Turn& slot, int slots, int tile, int chunk, int chunks,
    uint stage_bytes) {
    uint full = ring.full + turn.at * 8;
    barrier_wait(ring.empty + turn.at * 8, turn.parity ^ 1);
    barrier_expect(full, stage_bytes + (chunk == 0 ? HalfSquareBytes : 0));
    copy_bulk(ring.values + turn.at * stage_bytes, (const char*)a.centers.tiles_of_halves + ((int64)tile * chunks + chunk) * stage_bytes,
        stage_bytes, full);
    if (chunk == 0) {
        copy_bulk(ring.half_squares + slot.at * HalfSquareBytes, a.centers.half_squares + tile * TileCenters, HalfSquareBytes, full);
        slot.next(slots);
    }
    turn.next(a.stages);
}

// Turns sums of products into scores. `half_squares` are those of the lane: two of each eight.
DEVICE void to_scores(float (&sums)[64], const float2* half_squares, const float (&ratios)[2]) {
#pragma unroll
    for (int n = 0; n < 16; n++) {
        float2 h = half_squares[n * 4];
#pragma unroll
        for (int r = 0; r < 2; r++) {
            sums[n * 4 + r * 2] = __builtin_fmaf(-ratios[r], h.x, sums[n * 4 + r * 2]);
            sums[n * 4 + r * 2 + 1] = __builtin_fmaf(-ratios[r], h.y, sums[n * 4 + r * 2 + 1]);
        }
    }
}

DEVICE void keep_sixteen(BestTwo& row, const float (&scores)[64], uint mask, int r, int first) {
#pragma unroll
    for (int n = first / 2; n < first / 2 + 8; n++) {
        row.keep(tagged(scores[n * 4 + r * 2], mask, n * 2), tagged(scores[n * 4 + r * 2 + 1], mask, n * 2 + 1));
    }
}

// Keeps the best of a tile. After the first few tiles, few scores come near the best so far, and of sixteen of them that
// do not it is enough to know the largest: what is passed over is below the best by the margin or more.
DEVICE void keep_best(BestTwo (&rows)[2], const float (&scores)[64], const float (&margins)[2], int tile) {
    uint mask = score_mask<32>();
#pragma unroll
    for (int r = 0; r < 2; r++) {
        float before = rows[r].best;
        if (tile < FirstTiles) {
            keep_sixteen(rows[r], scores, mask, r, 0);
            keep_sixteen(rows[r], scores, mask, r, 16);
        } else {
            float best = before;
            best = larger(best, shuffle_xor(best, 1));
            best = larger(best, shuffle_xor(best, 2));
            float limit = best - margins[r];
#pragma unroll
            for (int first = 0; first < 32; first += 16) {
                float largest[4];
#pragma unroll
                for (int i = 0; i < 16; i++) {
                    float v = scores[(first + i) / 2 * 4 + r * 2 + i % 2];
                    largest[i % 4] = i < 4 ? v : larger(largest[i % 4], v);
                }
                if (any_lane(!(larger(larger(largest[0], largest[1]), larger(largest[2], largest[3])) < limit))) {
                    keep_sixteen(rows[r], scores, mask, r, first);
                }
            }
        }
        rows[r].tile = rows[r].best != before ? tile : rows[r].tile;
    }
}

// Brings the values of a thread's two rows to the cache, for when they are measured.
DEVICE void prefetch_rows(const AssignArgs& a, int place) {
#pragma unroll
    for (int r = 0; r < 2; r++) {
        const float* x = row_values(a.rows, least(place + r * 8, a.rows.count - 1));
        for (int d = (lane_id() & 3) * 32; d < a.rows.dimension; d += 128) {
            prefetch(x + d);
        }
    }
}

// Labels two rows, each by what its four lanes have seen, and measures their distances while they are in the cache.
DEVICE void decide(const AssignArgs& a, const BestTwo (&rows)[2], const float (&margins)[2], const float (&ratios)[2], int place) {
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
            label_row(a, place + r * 8, label, best, second, margins[r], ratios[r]);
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
