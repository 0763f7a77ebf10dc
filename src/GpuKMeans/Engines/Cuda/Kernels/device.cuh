// What the kernels need of CUDA C++, so that clang compiles them with no NVIDIA headers.
#pragma once

#define GLOBAL extern "C" __attribute__((global))
#define BOUNDS(threads, blocks) __attribute__((launch_bounds(threads, blocks)))
#define DEVICE static inline __attribute__((device, always_inline))
#define SHARED __attribute__((shared))

typedef unsigned int uint;
typedef unsigned short half_bits;
typedef long long int64;
typedef unsigned long long uint64;

struct alignas(16) float4 {
    float x, y, z, w;
};

struct alignas(8) float2 {
    float x, y;
};

DEVICE int thread_id() { return __nvvm_read_ptx_sreg_tid_x(); }
DEVICE int block_threads() { return __nvvm_read_ptx_sreg_ntid_x(); }
DEVICE int block_id() { return __nvvm_read_ptx_sreg_ctaid_x(); }
DEVICE int block_id_y() { return __nvvm_read_ptx_sreg_ctaid_y(); }
DEVICE int block_id_z() { return __nvvm_read_ptx_sreg_ctaid_z(); }     // always 0
DEVICE int grid_blocks() { return __nvvm_read_ptx_sreg_nctaid_x(); }
DEVICE int lane_id() { return thread_id() & 31; }
DEVICE int warp_id() { return thread_id() >> 5; }
DEVICE int64 global_thread() { return (int64)block_id() * block_threads() + thread_id(); }

// The first thing a kernel does. From compute capability 9.0 on a kernel that the host starts so (CudaStream.Launch) comes onto the
// GPU while the one before it in the queue ends: it lets the next one come as early, and waits until the one before is done.
DEVICE void kernel_begins() {
#if __CUDA_ARCH__ >= 900
    asm volatile("griddepcontrol.launch_dependents; griddepcontrol.wait;" ::: "memory");
#endif
}

DEVICE void block_barrier() { __syncthreads(); }

// For the first so many threads of a block, in whole warps.
template <int Count>
DEVICE void some_barrier() {
    asm volatile("bar.sync 1, %0;" ::"n"(Count) : "memory");
}

DEVICE void warp_barrier() { __nvvm_bar_warp_sync(0xFFFFFFFFu); }

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
DEVICE float root(float v) { return __nvvm_sqrt_rn_f(v); }
DEVICE float near_root(float v) { return __nvvm_sqrt_approx_f(v); }   // off by a few units of the last place
DEVICE double root(double v) { return __nvvm_sqrt_rn_d(v); }

DEVICE int shuffle_xor(int v, int mask) { return __nvvm_shfl_sync_bfly_i32(0xFFFFFFFFu, v, mask, 31); }
DEVICE float shuffle_xor(float v, int mask) { return __nvvm_shfl_sync_bfly_f32(0xFFFFFFFFu, v, mask, 31); }
DEVICE int shuffle_up(int v, int by) { return __nvvm_shfl_sync_up_i32(0xFFFFFFFFu, v, by, 0); }

DEVICE int shuffle(int v, int lane) { return __nvvm_shfl_sync_idx_i32(0xFFFFFFFFu, v, lane, 31); }

DEVICE uint64 shuffle(uint64 v, int lane) {
    uint low = (uint)shuffle((int)(uint)v, lane), high = (uint)shuffle((int)(uint)(v >> 32), lane);
    return (uint64)high << 32 | low;
}

DEVICE uint ballot(bool v) { return __nvvm_vote_ballot_sync(0xFFFFFFFFu, v); }
DEVICE bool any_lane(bool v) { return __nvvm_vote_any_sync(0xFFFFFFFFu, v); }

// The value of one of the lane's four.
DEVICE int shuffle_of_four(int v, int lane) { return __nvvm_shfl_sync_idx_i32(0xFFFFFFFFu, v, lane, 0x1C1F); }
DEVICE int shuffle_first_of_four(int v) { return shuffle_of_four(v, 0); }

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

// The sum of the values of the threads before this one; `total` takes that of all. `scratch` holds 33 values.
DEVICE int block_prefix(int v, int* scratch, int& total) {
    int inclusive = v;
#pragma unroll
    for (int by = 1; by < 32; by *= 2) {
        int below = shuffle_up(inclusive, by);
        inclusive += lane_id() >= by ? below : 0;
    }
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

DEVICE int atomic_add(int* p, int v) { return __atomic_fetch_add(p, v, __ATOMIC_RELAXED); }
DEVICE void atomic_max(uint* p, uint v) { __nvvm_atom_max_gen_ui(p, v); }

// The same where many do it and few have more than there is: a look costs less than waiting for one another.
DEVICE void atomic_max_seldom(uint* p, uint v) {
    if (v > *(volatile uint*)p) {
        atomic_max(p, v);
    }
}

DEVICE void atomic_max(int* p, int v) { __nvvm_atom_max_gen_i(p, v); }
DEVICE void atomic_min(int* p, int v) { __nvvm_atom_min_gen_i(p, v); }
// Puts a value where another is; what was there before.
DEVICE uint64 atomic_exchange_if(uint64* p, uint64 other, uint64 v) {
    __atomic_compare_exchange_n(p, &other, v, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED);
    return other;
}

DEVICE void atomic_min(uint64* p, uint64 v) { __nvvm_atom_min_gen_ull(p, v); }

// The address of shared memory as PTX wants it.
DEVICE uint shared_address(const void* p) {
    return (uint)(uint64)(__attribute__((address_space(3))) const void*)p;
}

// Brings a line of 128 bytes to the multiprocessor's cache.
DEVICE void prefetch_near(const void* p) { asm volatile("prefetch.global.L1 [%0];" ::"l"(p)); }

// Brings a line of 128 bytes to the second-level cache.
DEVICE void prefetch(const float* p) { asm volatile("prefetch.global.L2 [%0];" ::"l"(p)); }

DEVICE float4 load4(const float* p) { return *(const float4*)p; }
