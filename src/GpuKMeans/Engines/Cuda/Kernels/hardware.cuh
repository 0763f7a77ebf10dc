// The hardware as kernels see it: what is CUDA's or PTX's own, so that clang compiles the kernels with no NVIDIA headers. All else is
// C++, and the tests run it on a processor, with a header of their own in this one's place (tests/GpuKMeans.Kernels/emulated).
#pragma once

#define GLOBAL extern "C" __attribute__((global))
#define BOUNDS(threads, blocks) __attribute__((launch_bounds(threads, blocks)))
#define DEVICE static inline __attribute__((device, always_inline))
#define METHOD inline __attribute__((device, always_inline))
#define CALLED static __attribute__((device, noinline))
#define SHARED __attribute__((shared))

// Shared memory of the size that the launch says, as bytes of that name.
#define DYNAMIC_SHARED(name, alignment) extern SHARED __attribute__((aligned(alignment))) unsigned char name[]

typedef unsigned int uint;
typedef unsigned short half_bits;
typedef long long int64;
typedef unsigned long long uint64;

DEVICE int thread_id() { return __nvvm_read_ptx_sreg_tid_x(); }
DEVICE int block_threads() { return __nvvm_read_ptx_sreg_ntid_x(); }
DEVICE int block_id() { return __nvvm_read_ptx_sreg_ctaid_x(); }
DEVICE int block_id_y() { return __nvvm_read_ptx_sreg_ctaid_y(); }
DEVICE int block_id_z() { return __nvvm_read_ptx_sreg_ctaid_z(); }     // always 0
DEVICE int grid_blocks() { return __nvvm_read_ptx_sreg_nctaid_x(); }

// The first thing a kernel does. From compute capability 9.0 on a kernel that the host starts so (CudaStream.Launch) comes onto the
// GPU while the one before it in the queue ends: it lets the next one come as early, and waits until the one before is done.
DEVICE void kernel_begins() {
#if __CUDA_ARCH__ >= 900
    asm volatile("griddepcontrol.launch_dependents; griddepcontrol.wait;" ::: "memory");
#endif
}

// Of the multiprocessor's clock.
DEVICE uint ticks() { return (uint)__nvvm_read_ptx_sreg_clock(); }

DEVICE void block_barrier() { __syncthreads(); }

// For the first so many threads of a block, in whole warps.
template <int Count>
DEVICE void some_barrier() {
    asm volatile("bar.sync 1, %0;" ::"n"(Count) : "memory");
}

DEVICE void warp_barrier() { __nvvm_bar_warp_sync(0xFFFFFFFFu); }

// What this thread has written, or seen of others, is seen by all who see what it writes from here on; and what it reads is no older than
// what it has seen.
DEVICE void memory_barrier() { asm volatile("fence.acq_rel.gpu;" ::: "memory"); }

DEVICE float root(float v) { return __nvvm_sqrt_rn_f(v); }
DEVICE float near_root(float v) { return __nvvm_sqrt_approx_f(v); }   // off by a few units of the last place
DEVICE double root(double v) { return __nvvm_sqrt_rn_d(v); }

DEVICE int shuffle_xor(int v, int mask) { return __nvvm_shfl_sync_bfly_i32(0xFFFFFFFFu, v, mask, 31); }
DEVICE float shuffle_xor(float v, int mask) { return __nvvm_shfl_sync_bfly_f32(0xFFFFFFFFu, v, mask, 31); }
DEVICE int shuffle_up(int v, int by) { return __nvvm_shfl_sync_up_i32(0xFFFFFFFFu, v, by, 0); }
DEVICE int shuffle(int v, int lane) { return __nvvm_shfl_sync_idx_i32(0xFFFFFFFFu, v, lane, 31); }

// The value of one of the lane's four.
DEVICE int shuffle_of_four(int v, int lane) { return __nvvm_shfl_sync_idx_i32(0xFFFFFFFFu, v, lane, 0x1C1F); }

DEVICE uint ballot(bool v) { return __nvvm_vote_ballot_sync(0xFFFFFFFFu, v); }
DEVICE bool any_lane(bool v) { return __nvvm_vote_any_sync(0xFFFFFFFFu, v); }

// The lanes among some, which all come here, whose value is the same.
DEVICE uint lanes_with(uint active, uint value) {
    uint mask;
    asm volatile("match.any.sync.b32 %0, %1, %2;" : "=r"(mask) : "r"(value), "r"(active));
    return mask;
}

DEVICE void some_lanes_barrier(uint lanes) { __nvvm_bar_warp_sync(lanes); }

DEVICE int atomic_add(int* p, int v) { return __atomic_fetch_add(p, v, __ATOMIC_RELAXED); }
DEVICE void atomic_or(uint* p, uint v) { __atomic_fetch_or(p, v, __ATOMIC_RELAXED); }
DEVICE void atomic_max(uint* p, uint v) { __nvvm_atom_max_gen_ui(p, v); }
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

// The bits, moved up by one, with the sign of a float behind them; what comes out as no number has none.
DEVICE uint with_sign(uint bits, float v) {
    uint more;
    asm("shf.l.wrap.b32 %0, %1, %2, 1;" : "=r"(more) : "r"(__builtin_bit_cast(uint, v)), "r"(bits));
    return more;
}

// Four neighbours, where they exist; else what there is.
DEVICE void load4_if(float (&v)[4], const float* from, bool exists) {
    asm volatile("{ .reg .pred p; setp.ne.s32 p, %5, 0; @p ld.global.v4.f32 {%0, %1, %2, %3}, [%4]; }"
        : "+f"(v[0]), "+f"(v[1]), "+f"(v[2]), "+f"(v[3])
        : "l"(from), "r"((int)exists));
}

// Says that lines of the second-level cache which come by this will not be wanted again.
DEVICE uint64 read_once() {
    uint64 policy;
    asm("createpolicy.fractional.L2::evict_first.b64 %0, 1.0;" : "=l"(policy));
    return policy;
}

// Four neighbours that will not be read again, or zeros from the end on.
DEVICE void load4_once(float (&v)[4], const float* from, uint64 policy, int at, int end) {
    v[0] = v[1] = v[2] = v[3] = 0;
    asm volatile("{ .reg .pred p; setp.lt.s32 p, %6, %7; @p ld.global.L1::no_allocate.L2::cache_hint.v4.f32 {%0, %1, %2, %3}, [%4], %5; }"
        : "+f"(v[0]), "+f"(v[1]), "+f"(v[2]), "+f"(v[3])
        : "l"(from), "l"(policy), "r"(at), "r"(end));
}
