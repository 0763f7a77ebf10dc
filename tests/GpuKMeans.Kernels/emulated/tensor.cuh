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
