// Moving centres by the sums of rows, by a block a cluster.
#pragma once
#include "rows.cuh"
#include "centers.cuh"

constexpr int MoveThreads = 128;

struct Moves {
    double* means;
    double* counts;
    double* shifts;         // takes the squared distance each centre moved
    float* values;
    const float* origin;
    int dimension;
    int normalize;
    int to_means;           // centres become the means of the rows; else the running means of all they were given
};

// What a centre counts when it has moved.
DEVICE double moved_count(const Moves& m, int k, double weight) { return m.to_means ? weight : m.counts[k] + weight; }

// Moves a mean and rounds it to the centre that distances are measured to, scaled to unit length if asked. `sum` says
// what the rows' values in a column come to, `weight` what their weights do. Each thread gets its share of the squared distance
// that the centre moved by, and the largest magnitude among its values less the origin.
template <typename Sum>
DEVICE double move_center(const Moves& m, int k, double weight, Sum sum, double* scratch, float& largest) {
    int64 first = (int64)k * m.dimension;
    double step = weight / moved_count(m, k, weight);
    double square = 0;
    for (int d = thread_id(); weight > 0 && d < m.dimension; d += MoveThreads) {
        double mean = m.means[first + d];
        mean = m.to_means ? sum(d) / weight : mean + step * (sum(d) / weight - mean);
        m.means[first + d] = mean;
        square += mean * mean;
    }
    double scale = 1;
    bool moves = weight > 0;
    if (m.normalize && moves) {
        square = block_sum(square, scratch);
        // Rows that cancel out have no mean direction: the centre stays.
        moves = square > 0;
        scale = 1 / root(square);
    }
    double shift = 0;
    largest = 0;
    for (int d = thread_id(); d < m.dimension; d += MoveThreads) {
        float before = m.values[first + d];
        float value = moves ? (float)(m.means[first + d] * scale) : before;
        double by = (double)value - before;
        shift += by * by;
        m.values[first + d] = value;
        largest = larger(largest, magnitude(value - m.origin[d]));
    }
    return shift;
}

// Ends that with the sum of the shares, when all threads have read the count.
DEVICE void end_move(const Moves& m, int k, double weight, double shift) {
    m.shifts[k] = shift;
    if (weight > 0 || m.to_means) {
        m.counts[k] = moved_count(m, k, weight);
    }
}

// Moves a centre and rounds it, where centres are rounded, by a scale and a limit that follow from what they were before: if the scale
// does not fit them any more, the bound of the error says so.
template <typename Sum>
DEVICE void move_and_round(const Moves& m, const Rounding& r, uint scale_from, uint limit, Extremes* extremes, int k, double weight, Sum sum, double* scratch) {
    SHARED double scratch_of_shares[3][32];
    SHARED float largest_of_warps[MoveThreads / 32];
    float largest, scale = centers_scale(scale_from);
    double shares[3] = {move_center(m, k, weight, sum, scratch, largest)};
    if (r.halves) {
        // A thread rounds the values it has just written.
        round_values(r, scale, k, thread_id(), MoveThreads, shares[1], shares[2]);
    }
    largest = lanes_max(largest);
    if (lane_id() == 0) {
        largest_of_warps[warp_id()] = largest;
    }
    block_sums(shares, scratch_of_shares);
    if (thread_id() == 0) {
        end_move(m, k, weight, shares[0]);
    }
    if (r.halves && warp_id() == 0) {
        for (int w = 1; w < MoveThreads / 32; w++) {
            largest = larger(largest, largest_of_warps[w]);
        }
        bound_center(r, *extremes, bits_float(limit) * scale, k, shares[1], shares[2], largest);
    }
}

// What some rows come to in a few neighbouring columns from `d` on, by so many threads side by side over a row, and behind them others
// over other rows: those of the first get it. All threads of the block come here; `passed` holds a value of each column for each.
template <int Width>
DEVICE void sum_rows(double (&sum)[Width], const float* const* rows, const float* weights, int n, int d, int dimension, int columns,
    double (&passed)[4][MoveThreads]) {
    int t = thread_id(), side = t / columns, sides = MoveThreads / columns;
#pragma unroll
    for (int w = 0; w < Width; w++) {
        sum[w] = 0;
    }
    // So many rows are read before the first is added: each read is a wait.
    constexpr int Together = Width == 1 ? 8 : 4;
    for (int first = side; d < dimension && first < n; first += sides * Together) {
        float values[Together][Width], own[Together];
#pragma unroll
        for (int r = 0; r < Together; r++) {
            int i = first + r * sides;
            bool exists = i < n;
            own[r] = exists ? weights[i] : 0;
            const float* from = rows[exists ? i : first] + d;      // what is read again has no weight
            if constexpr (Width == 4) {
                float4 v = load4(from);
                values[r][0] = v.x, values[r][1] = v.y, values[r][2] = v.z, values[r][3] = v.w;
            } else {
                values[r][0] = *from;
            }
        }
#pragma unroll
        for (int r = 0; r < Together; r++) {
#pragma unroll
            for (int w = 0; w < Width; w++) {
                sum[w] = __builtin_fma((double)own[r], (double)values[r][w], sum[w]);
            }
        }
    }
    if (sides > 1) {
#pragma unroll
        for (int w = 0; w < Width; w++) {
            passed[w][t] = sum[w];
        }
        block_barrier();
        for (int s = 1; s < sides && side == 0; s++) {
#pragma unroll
            for (int w = 0; w < Width; w++) {
                sum[w] += passed[w][s * columns + t];
            }
        }
    }
}

// What some rows come to: `take` gets each column's sum, from one thread. `columns` is a power of two, of threads that are enough for a
// row, or all: with four columns each, where rows can be read so.
template <typename Take>
DEVICE void sum_columns(
    const float* const* rows, const float* weights, int n, int dimension, int columns, double (&passed)[4][MoveThreads], Take take) {
    auto sum_all = [&]<int Width>() {
        for (int from = 0; from < dimension; from += columns * Width) {
            int d = from + (thread_id() & (columns - 1)) * Width;
            double sum[Width];
            sum_rows<Width>(sum, rows, weights, n, d, dimension, columns, passed);
            if (thread_id() < columns && d < dimension) {
#pragma unroll
                for (int w = 0; w < Width; w++) {
                    take(d + w, sum[w]);
                }
            }
        }
    };
    if (dimension % 4 == 0) {
        sum_all.template operator()<4>();
    } else {
        sum_all.template operator()<1>();
    }
}
