// Keeping the best of a tile of centres that four warps have multiplied with 64 rows: a thread has the scores of two rows with
// two of each eight centres.
#pragma once
#include "keys.cuh"

constexpr int Sets = 2;                 // in which the best are kept apart: the more, the fewer rows stay open

// The bits of a sum, from the key made of it.
DEVICE int key_bits(int key) { return key_value(key) + (int)(float_bits(KeyOffset) - (float_bits(KeyOffset) & 0x7FFFFFFu)); }

// Turns the products of a tile into the bits of scores.
template <int Width>
DEVICE void to_bits(int (&bits)[Width / 2], const float (&sums)[Width / 2], const float2* half_squares, float ratio) {
#pragma unroll
    for (int n = 0; n < Width / 8; n++) {
        float2 h = half_squares[n * 4];
        float less0 = __builtin_fmaf(-ratio, h.x, KeyOffset), less1 = __builtin_fmaf(-ratio, h.y, KeyOffset);
#pragma unroll
        for (int r = 0; r < 2; r++) {
            bits[n * 4 + r * 2] = (int)float_bits(sums[n * 4 + r * 2] + less0);
            bits[n * 4 + r * 2 + 1] = (int)float_bits(sums[n * 4 + r * 2 + 1] + less1);
        }
    }
}

// Keeps the best of one of the two rows, or of both.
template <int Width, int First, int Last>
DEVICE void keep_rows(BestKeys (&best)[2][Sets], const int (&bits)[Width / 2], uint factor, int tile) {
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
            best[r][n % Sets].keep(make_key(bits[n * 4 + r * 2], factor, n * 2), make_key(bits[n * 4 + r * 2 + 1], factor, n * 2 + 1));
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
DEVICE void keep_near(BestKeys (&best)[2][Sets], int (&limits)[2], const int (&bits)[Width / 2], const int (&margins)[2], uint factor, int tile) {
    int largest = bits[Row * 2];
#pragma unroll
    for (int n = 0; n < Width / 8; n++) {
        largest = larger(larger(largest, bits[n * 4 + Row * 2]), bits[n * 4 + Row * 2 + 1]);
    }
    if (tile == FirstTiles || any_lane(largest >= limits[Row])) {
        keep_rows<Width, Row, Row>(best, bits, factor, tile);
        int high = larger(best[Row][0].best, best[Row][Sets - 1].best);
        high = larger(high, shuffle_xor(high, 1));
        high = larger(high, shuffle_xor(high, 2));
        // A row without a score in range is open whatever is kept.
        limits[Row] = high >= LeastKey ? key_bits(high) - margins[Row] : NoKey;
    }
}

// `Filter`: whether later tiles are looked at that way. It wants registers, which shorter rows have better use for.
template <int Width, bool Filter>
DEVICE void keep_best(BestKeys (&best)[2][Sets], int (&limits)[2], const float (&sums)[Width / 2], const float2* half_squares, float ratio,
    const int (&margins)[2], uint factor, int tile) {
    int bits[Width / 2];
    // The two are apart so that the compiler may do the first piece by piece.
    if (!Filter || tile < FirstTiles) {
        to_bits<Width>(bits, sums, half_squares, ratio);
        keep_rows<Width, 0, 1>(best, bits, factor, tile);
    } else {
        to_bits<Width>(bits, sums, half_squares, ratio);
        keep_near<Width, 0>(best, limits, bits, margins, factor, tile);
        keep_near<Width, 1>(best, limits, bits, margins, factor, tile);
    }
}
