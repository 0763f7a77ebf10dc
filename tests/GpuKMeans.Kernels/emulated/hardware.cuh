// What the kernels' header of the same name declares, on the emulated machine.
#pragma once
#include "machine.h"

#define GLOBAL static
#define BOUNDS(threads, blocks)
#define DEVICE static inline
#define METHOD inline
#define CALLED static
#define SHARED static __attribute__((section("emulated_shared")))
#define DYNAMIC_SHARED(name, alignment) unsigned char* const name = emulated::shared

typedef unsigned int uint;
typedef unsigned short half_bits;
typedef long long int64;
typedef unsigned long long uint64;

DEVICE int thread_id() { return emulated::current->thread; }
DEVICE int block_threads() { return emulated::threads; }
DEVICE int block_id() { return emulated::block; }
DEVICE int block_id_y() { return emulated::block_y; }
DEVICE int block_id_z() { return 0; }
DEVICE int grid_blocks() { return emulated::grid; }

DEVICE void kernel_begins() {}
DEVICE uint ticks() { return emulated::ticks += 100; }

DEVICE void block_barrier() { emulated::of_block.come((uint)emulated::threads); }

template <int Count>
DEVICE void some_barrier() {
    emulated::of_some.come(Count);
}

DEVICE void warp_barrier() { emulated::meet(~0u, 0); }
DEVICE void memory_barrier() {}

DEVICE float root(float v) { return std::sqrt(v); }
// Off by as much as the real one may be, to either side.
DEVICE float near_root(float v) { return std::sqrt(v) * (__builtin_bit_cast(uint, v) * 2654435761u >> 31 ? 1 + 0x1p-22f : 1 - 0x1p-22f); }
DEVICE double root(double v) { return std::sqrt(v); }

DEVICE int shuffle_xor(int v, int mask) { return emulated::from_lane(v, emulated::lane() ^ mask); }
DEVICE float shuffle_xor(float v, int mask) { return emulated::from_lane(v, emulated::lane() ^ mask); }
DEVICE int shuffle_up(int v, int by) { return emulated::from_lane(v, emulated::lane() < by ? emulated::lane() : emulated::lane() - by); }
DEVICE int shuffle(int v, int lane) { return emulated::from_lane(v, lane & 31); }
DEVICE int shuffle_of_four(int v, int lane) { return emulated::from_lane(v, (emulated::lane() & 28) | (lane & 3)); }

DEVICE uint ballot(bool v) { return emulated::ballot(~0u, v); }
DEVICE bool any_lane(bool v) { return emulated::ballot(~0u, v) != 0; }

DEVICE uint lanes_with(uint active, uint value) {
    const uint64_t* of = emulated::meet(active, value);
    uint same = 0;
    for (int i = 0; i < 32; i++) {
        same |= active >> i & 1 && (uint)of[i] == value ? 1u << i : 0;
    }
    return same;
}

DEVICE void some_lanes_barrier(uint lanes) { emulated::meet(lanes, 0); }

template <typename T>
T exchange(T* p, T v) {
    T before = *p;
    *p = v;
    return before;
}

DEVICE int atomic_add(int* p, int v) { return exchange(p, *p + v); }
DEVICE void atomic_or(uint* p, uint v) { *p |= v; }
DEVICE void atomic_max(uint* p, uint v) { *p = std::max(*p, v); }
DEVICE void atomic_max(int* p, int v) { *p = std::max(*p, v); }
DEVICE void atomic_min(int* p, int v) { *p = std::min(*p, v); }
DEVICE void atomic_min(uint64* p, uint64 v) { *p = std::min(*p, v); }
DEVICE uint64 atomic_exchange_if(uint64* p, uint64 other, uint64 v) { return exchange(p, *p == other ? v : *p); }

DEVICE uint shared_address(const void* p) { return (uint)((const unsigned char*)p - emulated::shared); }
DEVICE void prefetch_near(const void*) {}
DEVICE void prefetch(const float*) {}

DEVICE uint half_pair(float low, float high) { return emulated::half_bits_of(low) | emulated::half_bits_of(high) << 16; }
DEVICE float half_value(uint bits) { return emulated::half_value(bits); }

// What is no number has no sign there.
DEVICE uint with_sign(uint bits, float v) { return bits << 1 | (v == v ? __builtin_bit_cast(uint, v) >> 31 : 0); }

DEVICE void load4_if(float (&v)[4], const float* from, bool exists) {
    for (int i = 0; i < 4 && exists; i++) {
        v[i] = from[i];
    }
}

DEVICE uint64 read_once() { return 0; }
DEVICE void load4_once(float (&v)[4], const float* from, uint64, int at, int end) {
    for (int i = 0; i < 4; i++) {
        v[i] = at < end ? from[i] : 0;
    }
}
