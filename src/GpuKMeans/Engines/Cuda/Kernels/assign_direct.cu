// Assignment for rows of fewer than 16 values, where plain float32 is as fast as memory: direct differences, a thread
// a row. They are off by a share of themselves alone, which makes a margin so narrow that few rows are undecided.
#include "assign.cuh"

constexpr int Threads = 256;
constexpr int TileFloats = 8192;

// Centres that are measured before it is looked whether any is near enough to count: most are not.
constexpr int Together = 16;

// Rows farther than this, squared, from their nearest centre are looked at again: they may be no rows at all.
constexpr float FarSquare = 0x1p123f;

template <int Pitch>
DEVICE void read_center(float (&c)[Pitch], const float* from) {
    if constexpr (Pitch % 4 == 0) {
#pragma unroll
        for (int d = 0; d < Pitch; d += 4) {
            float4 four = load4(from + d);
            c[d] = four.x, c[d + 1] = four.y, c[d + 2] = four.z, c[d + 3] = four.w;
        }
    } else {
#pragma unroll
        for (int d = 0; d < Pitch; d++) {
            c[d] = from[d];
        }
    }
}

// Rows of up to so many columns; centres lie `Pitch` values apart.
template <int Columns, int Pitch = Columns>
DEVICE void assign_rows(const AssignArgs& a) {
    SHARED __attribute__((aligned(16))) float tile[TileFloats];
    constexpr int TileCount = TileFloats / Pitch;
    int place = (int)global_thread();
    int dimension = a.rows.dimension;
    float x[Columns];
    {
        const float* row = row_values(a.rows, least(place, a.rows.count - 1));
#pragma unroll
        for (int d = 0; d < Columns; d++) {
            x[d] = d < dimension ? row[d] : 0;
        }
    }
    // Finite, so that one centre alone is decided.
    float best = 3e38f, second = 3e38f;
    int label = 0;
    for (int first = 0; first < a.centers.count; first += TileCount) {
        int n = least(a.centers.count - first, TileCount);
        block_barrier();
        for (int i = thread_id(); i < (n + Together - 1) / Together * Together * Pitch; i += Threads) {
            int k = i / Pitch, d = i % Pitch;
            bool counts = k < n && !(a.centers.twins && a.centers.twins[first + k]);
            tile[i] = d >= dimension ? 0 : counts ? a.centers.values[(int64)(first + k) * dimension + d] : infinity();
        }
        block_barrier();
        for (int k = 0; k < n; k += Together) {
            float sums[Together], least = infinity();
#pragma unroll
            for (int i = 0; i < Together; i++) {
                float c[Pitch];
                read_center<Pitch>(c, tile + (k + i) * Pitch);
                sums[i] = 0;
#pragma unroll
                for (int d = 0; d < Columns; d++) {
                    sums[i] = add_square(x[d], c[d], sums[i]);
                }
                least = smaller(least, sums[i]);
            }
            if (any_lane(least < second)) {
#pragma unroll
                for (int i = 0; i < Together; i++) {
                    second = smaller(second, larger(best, sums[i]));
                    label = sums[i] < best ? first + k + i : label;
                    best = smaller(best, sums[i]);
                }
            }
        }
    }
    if (place >= a.rows.count) {
        return;
    }
    a.labels[place] = label;
    if (a.distances) {
        a.distances[place] = direct_distance_of_few(
            row_values(a.rows, place), a.centers.values + (int64)label * dimension, dimension);
    }
    if (!(best < FarSquare && second - best > direct_margin(second, dimension))) {
        int entry = atomic_add(a.undecided.count, 1);
        a.undecided.places[entry] = place;
        a.undecided.candidate_counts[entry] = MostCandidates + 1;
    }
}

GLOBAL BOUNDS(Threads, 2) void assign_direct_2(AssignArgs a) { assign_rows<2>(a); }
GLOBAL BOUNDS(Threads, 2) void assign_direct_3(AssignArgs a) { assign_rows<3, 4>(a); }
GLOBAL BOUNDS(Threads, 2) void assign_direct_4(AssignArgs a) { assign_rows<4>(a); }
GLOBAL BOUNDS(Threads, 2) void assign_direct_8(AssignArgs a) { assign_rows<8>(a); }
GLOBAL BOUNDS(Threads, 2) void assign_direct_16(AssignArgs a) { assign_rows<16>(a); }
