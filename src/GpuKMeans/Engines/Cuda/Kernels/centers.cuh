// Centres as kernels see them, and how they are scaled into the range of half precision.
#pragma once
#include "device.cuh"

// Bounds over all centres, less the origin: bits of floats that are not negative, so that integer maxima order them.
// All but the first are in units of the centres' scale.
struct Extremes {
    uint largest;       // the largest magnitude of a value
    uint norm;          // the largest length
    uint residual;      // the largest length of what rounding to half precision took away
    uint half_square;   // the largest half squared length
};

// The centres are padded to a multiple of 128 (with centres of no consequence), columns to a multiple of 16 (with zeros).
struct Centers {
    const float* values;            // count × dimension
    const float* origin;            // dimension values: what is subtracted before rounding to half precision
    const half_bits* halves;        // padded count × padded columns
    const half_bits* tiles_of_halves;   // the same in tiles, as the fast pass reads them; their columns are more
    const float* half_squares;      // padded count
    const Extremes* extremes;
    int count;
    int padded_columns;
    int tiled_columns;
    int tiles;                      // of 128
};

// Centres are scaled by a power of two so that the largest magnitude lies in [2^4, 2^5). That leaves room below, to where half
// precision loses digits, and above, for rows: their products with centres fit the integers of keys.cuh even where the rows
// use half precision's range to the full.
DEVICE int half_scale_exponent(float largest) {
    return largest > 0 ? clamp(4 - exponent(largest), -100, 100) : 0;
}

// Where a value of a tile lies: 8×8 blocks in one piece, those of the same eight columns
// one after another.
DEVICE int64 tiled_place(int row, int column, int tile_rows) {
    return (int64)(column / 8) * tile_rows * 8 + row * 8 + column % 8;
}

// The kernel for rows of up to so many values takes them in registers, and a thread reads four neighbours at once: of 16
// columns it has the first two for the first half of the products, the others for the second.
constexpr int ShortColumns = 128;

// The columns of their values: the tensor cores' steps of 16, a power of two of them.
DEVICE int short_columns(int dimension) {
    return dimension <= 16 ? 16 : dimension <= 32 ? 32 : dimension <= 64 ? 64 : ShortColumns;
}

DEVICE int short_column(int column) {
    int four = column / 4 % 4, at = column % 4;
    return column / 16 * 16 + at / 2 * 8 + four * 2 + at % 2;
}

// After the values come columns that make the product a score and the score a key (see keys.cuh): the offset of keys, as the
// product of a row's factor and a centre's, and half the squared length in two parts, which rows have the scale for. Padding
// centres have zeros, which make keys below all others.
constexpr float ShortOffsetFactor = 0x1p12f;
constexpr float ShortOffset = 0x1.8p12f;
constexpr float ShortSquareScale = 0.25f;
constexpr int MostShortRatioExponent = 13;

// What a padding centre has for half its squared length: a score no centre can be below, yet finite when multiplied
// by the ratio of a row's scale to the centres', which is kept between the two limits.
constexpr float PaddingHalfSquare = 0x1p80f;
constexpr int LeastRatioExponent = -20;
constexpr int MostRatioExponent = 40;

// Two floats as a pair of half precision, the first in the lower half.
DEVICE uint half_pair(float low, float high) {
    uint pair;
    asm("cvt.rn.f16x2.f32 %0, %1, %2;" : "=r"(pair) : "f"(high), "f"(low));
    return pair;
}

DEVICE float half_value(uint bits) {
    float v;
    asm("{ .reg .b16 h; cvt.u16.u32 h, %1; cvt.f32.f16 %0, h; }" : "=f"(v) : "r"(bits & 0xFFFFu));
    return v;
}

DEVICE half_bits half_round(float v) { return (half_bits)half_pair(v, 0); }
