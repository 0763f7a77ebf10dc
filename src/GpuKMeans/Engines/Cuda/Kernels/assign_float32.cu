// Assignment in plain float32 for rows of 16 values and more: direct differences, as in assign_direct.cu. Where there are few
// rows, blocks share the centres, and what each has found of a row is brought together when all are done.
#include "assign.cuh"
#include "squares.cuh"

// What is known of a row among some of the centres.
struct Nearest {
    float best;     // the least sums. Finite, so that one centre alone is decided
    float second;
    float third;    // or less
    int label;      // the centre of the least
    int other;      // that of the second; -1 where it is not known
};

struct Float32Args {
    AssignArgs assign;
    Nearest* nearest;   // rows × parts
};

constexpr float NoSum = 3e38f;

// Rows farther than this from every centre may have overflowed: to settle them is to find out.
constexpr float FarSquare = 0x1p123f;

DEVICE Nearest merged(const Nearest& a, const Nearest& b) {
    bool nearer = b.best < a.best;
    Nearest n = nearer ? b : a, m = nearer ? a : b;
    bool next = m.best < n.second;
    n.third = next ? smaller(n.second, m.second) : smaller(m.best, n.third);
    n.other = next ? m.label : n.other;
    n.second = next ? m.best : n.second;
    return n;
}

template <int Lanes>
DEVICE Nearest merged_lanes(Nearest n) {
#pragma unroll
    for (int mask = 1; mask < Lanes; mask *= 2) {
        n = merged(n, Nearest{shuffle_xor(n.best, mask), shuffle_xor(n.second, mask), shuffle_xor(n.third, mask),
            shuffle_xor(n.label, mask), shuffle_xor(n.other, mask)});
    }
    return n;
}

template <bool Vectors>
DEVICE void assign_tiles(const AssignArgs& a, Nearest* nearest, Stage& stage, const float* (&starts)[TileRows]) {
    int dimension = a.rows.dimension, count = a.centers.count;
    int first = block_id() * TileRows + own_rows();
    starts[thread_id()] = row_values(a.rows, least(block_id() * TileRows + thread_id(), a.rows.count - 1));

    float best[ThreadRows], second[ThreadRows];
    int labels[ThreadRows];
#pragma unroll
    for (int r = 0; r < ThreadRows; r++) {
        best[r] = second[r] = NoSum;
        labels[r] = 0;
    }
    int64 tiles = (count + TileOthers - 1) / TileOthers;
    int tile = (int)(tiles * block_id_y() / a.parts), end = (int)(tiles * (block_id_y() + 1) / a.parts);
    for (; tile < end; tile++) {
        float sums[ThreadOthers][ThreadRows] = {};
        add_squares<Vectors>(stage, sums, dimension, [&](int r) { return starts[r]; }, [&](int k) {
            return a.centers.values + (int64)least(tile * TileOthers + k, count - 1) * dimension;
        });
#pragma unroll
        for (int i = 0; i < ThreadOthers; i++) {
            int k = tile * TileOthers + own_other(i);
            if (k < count) {
#pragma unroll
                for (int r = 0; r < ThreadRows; r++) {
                    float sum = sums[i][r];
                    second[r] = smaller(second[r], larger(best[r], sum));
                    labels[r] = sum < best[r] ? k : labels[r];
                    best[r] = smaller(best[r], sum);
                }
            }
        }
    }
#pragma unroll
    for (int r = 0; r < ThreadRows; r++) {
        Nearest n = merged_lanes<TileOthers / ThreadOthers>(Nearest{best[r], second[r], second[r], labels[r], -1});
        if (thread_id() % 8 == r && first + r < a.rows.count) {
            nearest[(int64)block_id_y() * a.rows.count + first + r] = n;
        }
    }
}

GLOBAL BOUNDS(TileThreads, 3) void assign_float32(Float32Args a) {
    SHARED Stage stage;
    SHARED const float* starts[TileRows];   // where the rows are
    if (a.assign.rows.dimension % 4 == 0) {
        assign_tiles<true>(a.assign, a.nearest, stage, starts);
    } else {
        assign_tiles<false>(a.assign, a.nearest, stage, starts);
    }
}

// Labels and distances by what all parts have found, four lanes a row, and the list of rows that another centre may be nearest
// to.
DEVICE void decide(const AssignArgs& a, const Nearest* nearest) {
    int dimension = a.rows.dimension, place = (int)(global_thread() >> 2), row = least(place, a.rows.count - 1);
    Nearest n = {NoSum, NoSum, NoSum, 0, -1};
    for (int part = lane_id() & 3; part < a.parts; part += 4) {
        n = merged(n, nearest[(int64)part * a.rows.count + row]);
    }
    n = merged_lanes<4>(n);
    float distance = a.distances
        ? direct_distance(row_values(a.rows, row), a.centers.values + (int64)n.label * dimension, dimension) : 0;
    if ((lane_id() & 3) != 0 || row != place) {
        return;
    }
    a.labels[row] = n.label;
    if (a.distances) {
        a.distances[row] = distance;
    }
    auto clear = [&](float sum) { return n.best < FarSquare && sum - n.best > direct_margin(sum, dimension); };
    if (!clear(n.second)) {
        bool two = n.other >= 0 && clear(n.third);
        int entry = atomic_add(a.undecided.count, 1);
        a.undecided.places[entry] = row;
        a.undecided.candidate_counts[entry] = two ? 2 : MostCandidates + 1;
        if (two) {
            a.undecided.candidates[(int64)entry * MostCandidates] = n.label;
            a.undecided.candidates[(int64)entry * MostCandidates + 1] = n.other;
        }
    }
}

GLOBAL BOUNDS(TileThreads, 1) void decide_float32(Float32Args a) { decide(a.assign, a.nearest); }
