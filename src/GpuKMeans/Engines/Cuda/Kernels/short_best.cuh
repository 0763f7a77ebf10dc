// Keeping the best of a tile of centres that four warps have multiplied with 64 rows: a thread has the scores of two rows with
// two of each eight centres.
#pragma once
#include "keys.cuh"

constexpr int Sets = 2;                 // in which the best are kept apart: the more, the fewer rows stay open

// The bits of a sum, from the key made of it.
DEVICE int key_bits(int key) { return key_value(key) + (int)(float_bits(KeyOffset) - (float_bits(KeyOffset) & 0x7FFFFFFu)); }

// Keeps the best of one of the two rows, or of both.
template <int Width, int First, int Last>
DEVICE void keep_rows(BestKeys (&best)[2][Sets], const float (&scores)[Width / 2], uint factor, int tile) {
    int before[2][Sets];
#pragma unroll
    for (int r = First; r <= Last; r++) {
#pragma unroll
        for (int s = 0; s < Sets; s++) {
            before[r][s] = best[r][s].best;
        }
    }
#pragma unroll
    for (int n = 0; n < Width / 8; n++) {
#pragma unroll
        for (int r = First; r <= Last; r++) {
            const float* s = scores + n * 4 + r * 2;
            best[r][n % Sets].keep(make_key((int)float_bits(s[0]), factor, n * 2), make_key((int)float_bits(s[1]), factor, n * 2 + 1));
        }
    }
#pragma unroll
    for (int r = First; r <= Last; r++) {
#pragma unroll
        for (int s = 0; s < Sets; s++) {
            best[r][s].tile = best[r][s].best != before[r][s] ? tile : best[r][s].tile;
        }
    }
}

// In the first tiles most rows still find a better centre. Later few scores come near the best so far, and of a tile where
// none does it is enough to know the largest: what is passed over is below the best by more than the margin.
constexpr int FirstTiles = 12;

template <int Width, int Row>
DEVICE void keep_near(BestKeys (&best)[2][Sets], int (&limits)[2], const float (&scores)[Width / 2], const int (&margins)[2], uint factor, int tile) {
    int largest = (int)float_bits(scores[Row * 2]);
#pragma unroll
    for (int n = 0; n < Width / 8; n++) {
        largest = larger(larger(largest, (int)float_bits(scores[n * 4 + Row * 2])), (int)float_bits(scores[n * 4 + Row * 2 + 1]));
    }
    if (tile == FirstTiles || any_lane(largest >= limits[Row])) {
        keep_rows<Width, Row, Row>(best, scores, factor, tile);
        int high = larger(best[Row][0].best, best[Row][Sets - 1].best);
        high = larger(high, shuffle_xor(high, 1));
        high = larger(high, shuffle_xor(high, 2));
        // A row without a score in range is open whatever is kept.
        limits[Row] = high >= LeastKey ? key_bits(high) - margins[Row] : NoKey;
    }
}

// `Filter`: whether later tiles are looked at that way. It wants registers, which shorter rows have better use for.
template <int Width, bool Filter>
DEVICE void keep_best(BestKeys (&best)[2][Sets], int (&limits)[2], const float (&scores)[Width / 2], const int (&margins)[2], uint factor, int tile) {
    if (!Filter || tile < FirstTiles) {
        keep_rows<Width, 0, 1>(best, scores, factor, tile);
    } else {
        keep_near<Width, 0>(best, limits, scores, margins, factor, tile);
        keep_near<Width, 1>(best, limits, scores, margins, factor, tile);
    }
}
