// What all kernels need beside the hardware.
#pragma once
#include <hardware.cuh>

struct alignas(16) float4 {
    float x, y, z, w;
};

struct alignas(16) int4 {
    int x, y, z, w;
};

struct alignas(8) float2 {
    float x, y;
};

struct alignas(8) uint2 {
    uint x, y;
};

// A position in a ring of buffers, and the parity of the round.
struct Turn {
    int at = 0;
    uint parity = 0;

    METHOD void next(int size) {
        if (++at == size) {
            at = 0;
            parity ^= 1;
        }
    }
};

DEVICE int lane_id() { return thread_id() & 31; }
DEVICE int warp_id() { return thread_id() >> 5; }
DEVICE int64 global_thread() { return (int64)block_id() * block_threads() + thread_id(); }

DEVICE uint float_bits(float v) { return __builtin_bit_cast(uint, v); }
DEVICE float bits_float(uint v) { return __builtin_bit_cast(float, v); }

// 2 to a power from -126 to 127.
DEVICE float power_of_two(int e) { return bits_float((uint)(e + 127) << 23); }

// The exponent of a positive float: -127 for subnormal numbers and 0, 128 for infinity and NaN.
DEVICE int exponent(float v) { return (int)((float_bits(v) >> 23) & 255) - 127; }

DEVICE int clamp(int v, int low, int high) { return v < low ? low : v > high ? high : v; }
DEVICE int least(int a, int b) { return a < b ? a : b; }
DEVICE float magnitude(float v) { return __builtin_fabsf(v); }
DEVICE float larger(float a, float b) { return __builtin_fmaxf(a, b); }
DEVICE float smaller(float a, float b) { return __builtin_fminf(a, b); }
DEVICE float infinity() { return bits_float(0x7F800000u); }

DEVICE float shuffle(float v, int lane) { return bits_float((uint)shuffle((int)float_bits(v), lane)); }

DEVICE uint64 shuffle(uint64 v, int lane) {
    uint low = (uint)shuffle((int)(uint)v, lane), high = (uint)shuffle((int)(uint)(v >> 32), lane);
    return (uint64)high << 32 | low;
}

DEVICE int shuffle_first_of_four(int v) { return shuffle_of_four(v, 0); }

DEVICE uint shuffle_xor(uint v, int mask) { return (uint)shuffle_xor((int)v, mask); }

DEVICE uint64 shuffle_xor(uint64 v, int mask) {
    uint low = (uint)shuffle_xor((int)(uint)v, mask);
    uint high = (uint)shuffle_xor((int)(uint)(v >> 32), mask);
    return (uint64)high << 32 | low;
}

DEVICE double shuffle_xor(double v, int mask) { return __builtin_bit_cast(double, shuffle_xor(__builtin_bit_cast(uint64, v), mask)); }

DEVICE double shuffle_up(double v, int by) {
    uint64 bits = __builtin_bit_cast(uint64, v);
    uint low = (uint)shuffle_up((int)(uint)bits, by);
    uint high = (uint)shuffle_up((int)(uint)(bits >> 32), by);
    return __builtin_bit_cast(double, (uint64)high << 32 | low);
}

// Sums and maxima over groups of lanes (a power of two). The order is fixed, and every lane gets the result.
template <int Lanes = 32, typename T>
DEVICE T lanes_sum(T v) {
#pragma unroll
    for (int mask = Lanes / 2; mask > 0; mask /= 2) {
        v += shuffle_xor(v, mask);
    }
    return v;
}

template <int Lanes = 32>
DEVICE float lanes_max(float v) {
#pragma unroll
    for (int mask = Lanes / 2; mask > 0; mask /= 2) {
        v = larger(v, shuffle_xor(v, mask));
    }
    return v;
}

// The sum of the values of a warp's lanes up to this one.
template <typename T>
DEVICE T lanes_running_sum(T v) {
#pragma unroll
    for (int by = 1; by < 32; by *= 2) {
        T below = shuffle_up(v, by);
        v += lane_id() >= by ? below : 0;
    }
    return v;
}

// The sum over a block of up to 1024 threads, in a fixed order; every thread gets it. `scratch` holds 32 values.
template <typename T>
DEVICE T block_sum(T v, T* scratch) {
    v = lanes_sum(v);
    block_barrier();
    if (lane_id() == 0) {
        scratch[warp_id()] = v;
    }
    block_barrier();
    return lanes_sum(lane_id() < block_threads() / 32 ? scratch[lane_id()] : (T)0);
}

// The same of several values at once; the first warp gets the results. `scratch` holds 32 values for each.
template <int Count>
DEVICE void block_sums(double (&v)[Count], double (&scratch)[Count][32]) {
#pragma unroll
    for (int i = 0; i < Count; i++) {
        v[i] = lanes_sum(v[i]);
        if (lane_id() == 0) {
            scratch[i][warp_id()] = v[i];
        }
    }
    block_barrier();
    if (warp_id() == 0) {
        for (int w = 1; w < block_threads() / 32; w++) {
#pragma unroll
            for (int i = 0; i < Count; i++) {
                v[i] += scratch[i][w];
            }
        }
    }
}

// The sum of the values of the threads before this one; `total` takes that of all. `scratch` holds 33 values.
DEVICE int block_prefix(int v, int* scratch, int& total) {
    int inclusive = lanes_running_sum(v);
    block_barrier();
    if (lane_id() == 31) {
        scratch[warp_id()] = inclusive;
    }
    block_barrier();
    if (thread_id() == 0) {
        int sum = 0;
        for (int w = 0; w < block_threads() / 32; w++) {
            int of_warp = scratch[w];
            scratch[w] = sum;
            sum += of_warp;
        }
        scratch[32] = sum;
    }
    block_barrier();
    total = scratch[32];
    return scratch[warp_id()] + inclusive - v;
}

// Whether the block is the last of so many to come here. The counter is 0 before and after.
DEVICE bool comes_last(int* counter, int count) {
    SHARED bool last;
    block_barrier();
    if (thread_id() == 0) {
        // What this block wrote before the count, and what the others wrote before theirs after it.
        memory_barrier();
        last = atomic_add(counter, 1) == count - 1;
        if (last) {
            memory_barrier();
            *counter = 0;
        }
    }
    block_barrier();
    return last;
}

DEVICE float4 load4(const float* p) { return *(const float4*)p; }

// Makes the sums of a warp's part of a tile zero.
template <int Rows, int Columns>
DEVICE void clear(float (&sums)[Rows][Columns][4]) {
#pragma unroll
    for (int m = 0; m < Rows; m++) {
#pragma unroll
        for (int n = 0; n < Columns; n++) {
#pragma unroll
            for (int i = 0; i < 4; i++) {
                sums[m][n][i] = 0;
            }
        }
    }
}
