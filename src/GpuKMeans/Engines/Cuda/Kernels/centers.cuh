// Centres as kernels see them, and how they are scaled into the range of half precision.
#pragma once
#include "device.cuh"

// Bounds over all centres, less the origin: bits of floats that are not negative, so that integer maxima order them. Lengths are in
// units of the centres' scale, but for the limit.
//
// The fast pass is as exact as the longest centre lets it be. So centres that are far longer than most, and than most rows, are left out
// of it, as padding is, and of all bounds but `beyond`: rows that are not too long for it are nearer to the shortest centre than to
// those, and others stay open (reach_of).
struct Extremes {
    uint largest;       // the largest magnitude of a value, or what it was a step before: what the centres' scale follows from
    uint norm;          // the largest length
    uint residual;      // the largest length of what rounding to half precision took away
    uint half_square;   // the largest half squared length
    uint seen;          // the largest magnitude of a value
    uint shortest;      // the least length, as below_infinity
    uint relative;      // the largest share of a length that rounding took away
    uint beyond;        // the least length of what is left out, as below_infinity
    uint limit;         // the length beyond which centres are left out
};

// How far below infinity a float lies that is not negative, so that the largest of it is of the least of those.
DEVICE uint below_infinity(float v) { return float_bits(infinity()) - float_bits(v); }
DEVICE float least_of(uint below) { return bits_float(float_bits(infinity()) - below); }

// Rows that are shorter are nearer to some centre than to any that is left out: to the shortest no farther than both lengths
// together, to those no nearer than the difference. Lengths of centres are off by 2^-19 of themselves at most, those of rows by less
// than the half is by. No lengths come near the last, which is less than what has an infinite square.
DEVICE float reach_of(const Extremes& e) {
    float reach = 0.498f * (least_of(e.beyond) * (1 - 0x1p-18f) - least_of(e.shortest));
    return reach > 0 ? smaller(reach, 0x1p60f) : 0;    // where all are left out it is no number
}

// The centres are padded to whole tiles of the plan's (with centres of no consequence), columns to a multiple of 16 (with zeros).
struct Centers {
    const float* values;            // count × dimension
    const float* origin;            // dimension values: what is subtracted before rounding to half precision
    const half_bits* halves;        // padded count × padded columns
    const half_bits* tiles_of_halves;   // the same in tiles, as the fast pass reads them; their columns are more
    const float* half_squares;      // padded count
    const Extremes* extremes;
    const int* twins;               // null, or whether each is equal to one before it, which counts in its place
    int count;
    int padded_columns;
    int tiled_columns;
    int tiles;                      // of 128, where those are read
};

// Centres are scaled by a power of two so that the largest magnitude lies in [2^4, 2^5). That leaves room below, to where half
// precision loses digits, and above, for rows: their products with centres fit the integers of keys.cuh even where the rows
// use half precision's range to the full.
DEVICE int half_scale_exponent(float largest) {
    return largest > 0 ? clamp(4 - exponent(largest), -100, 100) : 0;
}

DEVICE float centers_scale(uint largest) { return power_of_two(half_scale_exponent(bits_float(largest))); }

// Where a value of a tile lies: 8×8 blocks in one piece, those of the same eight columns
// one after another.
DEVICE int64 tiled_place(int row, int column, int tile_rows) {
    return (int64)(column / 8) * tile_rows * 8 + row * 8 + column % 8;
}

// Kernels that take rows in registers read four neighbours at once by a thread: of 16 columns it has the first two for the first
// half of the products, the others for the second.
DEVICE int read_column(int column) {
    int four = column / 4 % 4, at = column % 4;
    return column / 16 * 16 + at / 2 * 8 + four * 2 + at % 2;
}

// After the values of short rows come columns that make the product a score and the score a key (see keys.cuh): the offset of keys, as the
// product of a row's factor and a centre's, and half the squared length in two parts, which rows have the scale for. Padding
// centres have zeros, which make keys below all others.
constexpr float ShortOffsetFactor = 0x1p12f;
constexpr float ShortOffset = 0x1.8p12f;
constexpr float ShortSquareScale = 0.25f;
constexpr float LargestHalf = 65504;
constexpr int MostShortRatioExponent = 13;

// What a padding centre has for half its squared length: a score no centre can be below, yet finite when multiplied
// by the ratio of a row's scale to the centres', which is kept between the two limits.
constexpr float PaddingHalfSquare = 0x1p80f;
constexpr int LeastRatioExponent = -20;
constexpr int MostRatioExponent = 40;

DEVICE half_bits half_round(float v) { return (half_bits)half_pair(v, 0); }

// A place of the table that has centres by a number that follows from their values: to find those that are equal.
struct TwinSlot {
    uint64 number;      // 0 for none
    int first;          // the first of the centres that have it, counted from the last; 0 before there is one
    int unused;
};

// Rounding centres, less the origin, to half precision.
struct Rounding {
    const float* values;
    const float* origin;
    half_bits* halves;              // null where centres are not rounded
    half_bits* tiles_of_halves;     // null where they are not used
    float* half_squares;
    Extremes* extremes;
    const TwinSlot* table;          // null where centres are not looked through for twins,
    const int* slots;               // else where it has each of them,
    int* twins;                     // and what takes whether it is one
    int count;
    int dimension;
    int padded_columns;
    int tiled_columns;
    int value_columns;              // of tiles: behind them come columns that make scores keys, or none
    int tile_centers;
    int by_fours;                   // whether tiles have the columns as lanes have them that read four neighbours: read_column
    int halves_each;                // of a value in a tile: where two, the second are what the first lose, as more centres behind those of the tile
};

DEVICE bool makes_keys(const Rounding& r) { return r.tiled_columns > r.value_columns; }
DEVICE int rounded_columns(const Rounding& r) { return r.tiles_of_halves ? r.value_columns : r.padded_columns; }

// `part`: which of the halves of a value.
DEVICE void put_in_tile(const Rounding& r, int k, int d, half_bits h, int part) {
    int column = r.by_fours && d < r.value_columns ? read_column(d) : d;
    int tile = k / r.tile_centers * r.tile_centers;
    r.tiles_of_halves[(int64)tile * r.halves_each * r.tiled_columns
        + tiled_place(k - tile + part * r.tile_centers, column, r.tile_centers * r.halves_each)] = h;
}

DEVICE void put_half(const Rounding& r, int k, int d, half_bits h) {
    if (d < r.padded_columns) {
        r.halves[(int64)k * r.padded_columns + d] = h;
    }
    if (r.tiles_of_halves) {
        put_in_tile(r, k, d, h, 0);
    }
}

// Rounds a centre by a scale. So many threads do it together; `square` and `residual` take each one's share of its squared length
// and of what rounding took away, from tiles where they have two halves: no pass over candidates must follow, which reads the first alone.
DEVICE void round_values(const Rounding& r, float scale, int k, int thread, int threads, double& square, double& residual) {
    const float* values = r.values + (int64)k * r.dimension;
    int columns = rounded_columns(r);
    float lost_squares = 0;
    square = 0;
    for (int d = thread; d < columns; d += threads) {
        float shifted = 0;
        if (d < r.dimension) {
            double exact = ((double)values[d] - r.origin[d]) * scale;
            square = __builtin_fma(exact, exact, square);
            shifted = (values[d] - r.origin[d]) * scale;
        }
        half_bits h = half_round(shifted);
        float lost = shifted - half_value(h);
        put_half(r, k, d, h);
        if (r.halves_each == 2) {
            half_bits rest = half_round(lost);
            lost -= half_value(rest);
            put_in_tile(r, k, d, rest, 1);
        }
        lost_squares = __builtin_fmaf(lost, lost, lost_squares);
    }
    residual = lost_squares;
}

// Makes a centre one that is never nearest in the fast pass, by a warp.
DEVICE void leave_out(const Rounding& r, int k) {
    for (int d = lane_id(); d < (r.tiles_of_halves ? r.tiled_columns : r.padded_columns); d += 32) {
        put_half(r, k, d, 0);
        if (r.halves_each == 2) {
            put_in_tile(r, k, d, 0, 1);
        }
    }
    if (lane_id() == 0) {
        r.half_squares[k] = r.tiles_of_halves && !makes_keys(r) ? infinity() : PaddingHalfSquare;
    }
}

// Ends that with the sums of both, and adds the centre's bounds to the extremes of all: by a warp. `limit` is in units of the scale,
// `seen` the largest magnitude of a value.
DEVICE void bound_center(const Rounding& r, Extremes& e, float limit, int k, double square, double residual, float seen) {
    // The shift itself rounds: by 2^-24 of each value at most.
    int columns = rounded_columns(r), lane = lane_id();
    float norm = root((float)square) * 1.000001f, lost = root((float)residual) + 0x1p-23f * norm, half_square = (float)(0.5 * square);
    // A centre that has outgrown the scale may leave no room for its values or half its squared length: one within the limit fits the next.
    bool fits = lost < infinity() && (!makes_keys(r) || half_square * ShortSquareScale <= LargestHalf);
    if (norm > limit || !fits) {
        leave_out(r, k);
        if (lane == 0) {
            atomic_max(&e.beyond, below_infinity(norm));
            atomic_max(&e.seen, norm > limit ? 0 : float_bits(seen));
        }
        return;
    }
    if (makes_keys(r) && lane < r.tiled_columns - columns) {
        half_bits whole = half_round(-half_square * ShortSquareScale);
        half_bits rest = half_round(-half_square * ShortSquareScale - half_value(whole));
        put_half(r, k, columns + lane, lane == 0 ? half_round(ShortOffset) : lane == 1 ? whole : lane == 2 ? rest : 0);
    }
    if (lane == 0) {
        r.half_squares[k] = half_square;
    }
    // By some lanes at once, which is one message to the second-level cache, and nothing waits for it.
    float own = lane == 0 ? norm : lane == 1 ? lost : lane == 2 ? half_square : lane == 3 ? seen : norm > 0 ? lost / norm * 1.000001f : 0;
    if (lane < 6) {
        atomic_max(&e.norm + lane, lane == 4 ? below_infinity(norm) : float_bits(own));
    }
}

// Where the lengths of centres are kept until it is known which are left out.
struct Lengths {
    float2* each;           // of each centre its length and the largest magnitude of a value; null where centres are not rounded
    int* finished;          // how many have come; 0 before and after
    Extremes* extremes;     // takes the limit and the largest
    float most_rows;        // the length that most rows do not exceed; 0 where it is not known
    float nearly_all;       // and that nearly all do not
};

constexpr int LengthThreads = 128;

// Centres are left out that are longer than four times what most rows do not exceed, and than four to eight times what seven of eight
// centres do not (of few, all but one), or four times what nearly all rows do not, or the shortest centre: most rows are too short to be
// nearest to one of them. Where most centres are long, for each is on a row that is, nearly all rows are too short for these.
DEVICE float limit_of(const Lengths& l, int count) {
    constexpr int Bins = 256, Most = 3;
    SHARED int counts[Bins];
    SHARED int scratch[33];
    SHARED int found, shortest;     // the second as the bits of a float
    int t = thread_id(), all;
    counts[t] = 0;
    counts[t + LengthThreads] = 0;
    shortest = (int)float_bits(infinity());
    block_barrier();
    for (int k = t; k < count; k += LengthThreads) {
        atomic_add(counts + exponent(l.each[k].x) + 127, 1);
        atomic_min(&shortest, (int)float_bits(l.each[k].x));
    }
    block_barrier();
    int own[2] = {counts[t * 2], counts[t * 2 + 1]}, rank = count - (count > 1 && count < 8 ? 1 : count / 8);
    int before = block_prefix(own[0] + own[1], scratch, all);
    if (before < rank && before + own[0] + own[1] >= rank) {
        found = t * 2 + (before + own[0] < rank);
    }
    block_barrier();
    // The power of two above that length.
    float limit = found + Most >= Bins - 1 ? infinity() : found == 0 ? 0 : power_of_two(found - 127 + Most);
    limit = l.nearly_all > 0 ? smaller(limit, 4 * larger(l.nearly_all, bits_float((uint)shortest))) : limit;
    limit = larger(limit, 4 * l.most_rows);
    return limit > 0 ? limit : infinity();
}

// Measures a centre, less the origin, by a block; the last that comes says which are left out.
DEVICE void measure_length(const Lengths& l, const float* values, const float* origin, int k, int dimension, int count) {
    SHARED float scratch[32], largest_of_warps[LengthThreads / 32];
    if (!l.each) {
        return;
    }
    auto largest_of_all = [&](float largest) {
        largest = lanes_max(largest);
        block_barrier();
        if (lane_id() == 0) {
            largest_of_warps[warp_id()] = largest;
        }
        block_barrier();
        return lanes_max(largest_of_warps[lane_id() % (LengthThreads / 32)]);
    };
    float square = 0, largest = 0;
    for (int d = thread_id(); d < dimension; d += LengthThreads) {
        float v = values[d] - origin[d];
        square = __builtin_fmaf(v, v, square);
        largest = larger(largest, magnitude(v));
    }
    float length = root(block_sum(square, scratch));
    largest = largest_of_all(largest);
    if (thread_id() == 0) {
        l.each[k] = float2{length, largest};
    }
    if (!comes_last(l.finished, count)) {
        return;
    }
    float limit = limit_of(l, count);
    largest = 0;
    for (int i = thread_id(); i < count; i += LengthThreads) {
        // Who rounds them may find them shorter by its own rounding.
        float2 own = l.each[i];
        largest = own.x <= limit * 1.001f ? larger(largest, own.y) : largest;
    }
    largest = largest_of_all(largest);
    if (thread_id() == 0) {
        l.extremes->largest = l.extremes->seen = float_bits(largest);
        l.extremes->limit = float_bits(limit);
    }
}
