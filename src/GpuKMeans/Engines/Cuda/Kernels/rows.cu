// Which rows make up a batch, and making rows what the frame says.
#include "rows.cuh"

struct OrderArgs {
    int64* index;
    int64 position;
    uint64 total;
    uint keys[4];
    int half_bits;
    int count;
};

DEVICE uint feistel_round(uint h) {
    h ^= h >> 16;
    h *= 0x85EBCA6Bu;
    h ^= h >> 13;
    h *= 0xC2B2AE35u;
    return h ^ (h >> 16);
}

// The rows at consecutive places of a shuffled order: RowOrder.cs says how.
GLOBAL BOUNDS(256, 1) void order_rows(OrderArgs a) {
    kernel_begins();
    int64 i = global_thread();
    if (i >= a.count) {
        return;
    }
    uint mask = (uint)((1ull << a.half_bits) - 1);
    uint64 value = (uint64)(a.position + i);
    do {
        uint left = (uint)(value >> a.half_bits);
        uint right = (uint)value & mask;
#pragma unroll
        for (int round = 0; round < 4; round++) {
            uint next = left ^ (feistel_round(right ^ a.keys[round]) & mask);
            left = right;
            right = next;
        }
        value = (uint64)left << a.half_bits | right;
    } while (value >= a.total);
    a.index[i] = (int64)value;
}

struct NormalizeArgs {
    Rows rows;              // consecutive rows of a matrix that may be written
    uint64* bad_row;
};

// Scales rows to unit length in place, with the same roundings as the CPU engine: squares are summed one after another.
// A warp takes 32 rows, a thread each; shared memory turns the columns that it reads into rows.
GLOBAL BOUNDS(128, 1) void normalize_rows(NormalizeArgs a) {
    kernel_begins();
    SHARED float turned[4][32][33];
    SHARED double norms[4][32];
    float (&tile)[32][33] = turned[warp_id()];
    int first = (int)(global_thread() >> 5) * 32, dimension = a.rows.dimension;
    int n = least(a.rows.count - first, 32);
    if (n <= 0) {
        return;
    }
    float* values = (float*)row_values(a.rows, first);
    double square = 0;
    for (int column = 0; column < dimension; column += 32) {
        int d = column + lane_id();
        for (int r = 0; r < n; r++) {
            tile[r][lane_id()] = d < dimension ? values[(int64)r * dimension + d] : 0;
        }
        warp_barrier();
        for (int i = 0; i < 32; i++) {
            double v = lane_id() < n ? tile[lane_id()][i] : 1;
            square += v * v;
        }
        warp_barrier();
    }
    // Neither zeros nor what is no number has a direction.
    if (lane_id() < n && !(square > 0 && square < __builtin_inf())) {
        report_bad_row(a.bad_row, a.rows.before + first + lane_id());
        square = 1;
    }
    // A row that was scaled before stays as it is.
    if (square - 1 < 0x1p-22 && 1 - square < 0x1p-22) {
        square = 1;
    }
    norms[warp_id()][lane_id()] = root(square);
    warp_barrier();
    for (int r = 0; r < n; r++) {
        double norm = norms[warp_id()][r];
        for (int d = lane_id(); d < dimension; d += 32) {
            float& v = values[(int64)r * dimension + d];
            v = (float)(v / norm);
        }
    }
}

struct GatherArgs {
    Rows rows;
    float* values;
};

// A warp has four rows on their way at once.
template <bool Vectors>
DEVICE void gather(const GatherArgs& a) {
    constexpr int Together = 4, Each = Vectors ? 4 : 1;
    int dimension = a.rows.dimension;
    for (int first = (int)(global_thread() >> 5) * Together; first < a.rows.count; first += grid_blocks() * (256 / 32) * Together) {
        const float* rows[Together];
#pragma unroll
        for (int r = 0; r < Together; r++) {
            rows[r] = row_values(a.rows, least(first + r, a.rows.count - 1));
        }
        for (int d = lane_id() * Each; d < dimension; d += 32 * Each) {
            float4 v[Together];
#pragma unroll
            for (int r = 0; r < Together; r++) {
                if constexpr (Vectors) {
                    v[r] = load4(rows[r] + d);
                } else {
                    v[r].x = rows[r][d];
                }
            }
#pragma unroll
            for (int r = 0; r < Together; r++) {
                float* to = a.values + (int64)(first + r) * dimension + d;
                if (first + r < a.rows.count) {
                    if constexpr (Vectors) {
                        *(float4*)to = v[r];
                    } else {
                        *to = v[r].x;
                    }
                }
            }
        }
    }
}

// Copies rows one after another, also from host memory, where a row may begin at any value.
GLOBAL BOUNDS(256, 1) void gather_rows(GatherArgs a) {
    kernel_begins();
    if (a.rows.dimension % 4 == 0 && ((uint64)a.rows.values & 15) == 0) {
        gather<true>(a);
    } else {
        gather<false>(a);
    }
}
