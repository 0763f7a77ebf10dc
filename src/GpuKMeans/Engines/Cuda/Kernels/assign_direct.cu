// Assignment for rows of fewer than 16 values, where plain float32 is as fast as memory: direct differences, a thread
// a row. They are off by a share of themselves alone, which makes a margin so narrow that few rows are undecided.
#include "assign.cuh"

constexpr int Threads = 256;
constexpr int TileFloats = 8192;

template <int Columns>
DEVICE void assign_rows(const AssignArgs& a) {
    SHARED float tile[TileFloats];
    constexpr int TileCount = TileFloats / Columns;
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
        for (int i = thread_id(); i < n * Columns; i += Threads) {
            int k = i / Columns, d = i % Columns;
            tile[i] = d < dimension ? a.centers.values[(int64)(first + k) * dimension + d] : 0;
        }
        block_barrier();
#pragma unroll 4
        for (int k = 0; k < n; k++) {
            float sum = 0;
#pragma unroll
            for (int d = 0; d < Columns; d++) {
                sum = add_square(x[d], tile[k * Columns + d], sum);
            }
            second = smaller(second, larger(best, sum));
            label = sum < best ? first + k : label;
            best = smaller(best, sum);
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
    if (!(second - best > direct_margin(second, dimension))) {
        int entry = atomic_add(a.undecided.count, 1);
        a.undecided.places[entry] = place;
        a.undecided.candidate_counts[entry] = MostCandidates + 1;
    }
}

GLOBAL BOUNDS(Threads, 2) void assign_direct_2(AssignArgs a) { assign_rows<2>(a); }
GLOBAL BOUNDS(Threads, 2) void assign_direct_4(AssignArgs a) { assign_rows<4>(a); }
GLOBAL BOUNDS(Threads, 2) void assign_direct_8(AssignArgs a) { assign_rows<8>(a); }
GLOBAL BOUNDS(Threads, 2) void assign_direct_16(AssignArgs a) { assign_rows<16>(a); }
