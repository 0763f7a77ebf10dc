// What the kernels' header of the same name declares, on the emulated machine.
#pragma once
#include "device.cuh"

DEVICE void copy_async(uint to_shared, const void* from) { emulated::copy(to_shared, from, 16, true); }

template <int Bytes>
DEVICE void copy_async_or_zeros(uint to_shared, const void* from, bool exists) {
    emulated::copy(to_shared, from, Bytes, exists);
}

DEVICE void copy_commit() { emulated::commit(); }

template <int Pending>
DEVICE void copy_wait() {
    emulated::wait_for_copies(Pending);
}

DEVICE void ring_barrier_init(uint barrier, int arrivals) { emulated::begin_barrier(barrier, arrivals); }
DEVICE void ring_barrier_arrive(uint barrier) { emulated::barrier_at(barrier).arrive(0); }
DEVICE void ring_barrier_arrive_after_copies(uint barrier) { emulated::arrive_after_copies(barrier); }
DEVICE bool ring_barrier_passed(uint barrier, uint parity) { return (emulated::barrier_at(barrier).phase & 1) != parity; }
DEVICE void ring_barrier_wait(uint barrier, uint parity) { emulated::wait_for_barrier(barrier, parity); }

template <int Count>
DEVICE void load_matrices(uint (&r)[Count], uint shared) {
    emulated::load_matrices(r, shared);
}

DEVICE void multiply_add(float (&sums)[4], const uint (&a)[4], uint b0, uint b1) {
    uint b[2] = {b0, b1};
    emulated::multiply_add(sums, a, b, 16);
}

DEVICE void multiply(float (&sums)[4], const uint (&a)[4], uint b0, uint b1) {
    std::fill(sums, sums + 4, 0.0f);
    multiply_add(sums, a, b0, b1);
}

DEVICE void multiply_add(float (&sums)[4], uint a0, uint a1, uint b) {
    uint a[2] = {a0, a1};
    emulated::multiply_add(sums, a, &b, 8);
}

DEVICE void multiply_add_short(float (&sums)[4], const uint (&a)[4], uint b0, uint b1) {
    uint b[2] = {b0, b1};
    emulated::multiply_add_short(sums, a, b);
}
