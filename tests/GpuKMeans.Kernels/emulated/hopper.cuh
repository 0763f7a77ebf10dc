// What the kernels' header of the same name declares, but for what blocks in pairs ask for, on the emulated machine.
#pragma once
#include "device.cuh"

DEVICE void barrier_init(uint barrier, int arrivals) { emulated::begin_barrier(barrier, arrivals); }
DEVICE void barrier_init_fence() {}
DEVICE void barrier_arrive(uint barrier) { emulated::barrier_at(barrier).arrive(0); }
DEVICE void barrier_expect(uint barrier, uint bytes) { emulated::barrier_at(barrier).arrive((int)bytes); }
DEVICE void barrier_wait(uint barrier, uint parity) { emulated::wait_for_barrier(barrier, parity); }

DEVICE void copy_bulk(uint to_shared, const void* from, uint bytes, uint barrier) {
    emulated::begin_bulk_copy(to_shared, from, bytes, barrier);
}

DEVICE void async_sees_shared() {}

DEVICE float largest_of_warp(float v) {
    uint most = float_bits(v);
    for (int mask = 16; mask > 0; mask /= 2) {
        uint other = (uint)shuffle_xor((int)most, mask);
        most = other > most ? other : most;
    }
    return bits_float(most);
}

template <int Count>
DEVICE void take_registers() {
    warp_barrier();
}

template <int Count>
DEVICE void give_registers() {
    warp_barrier();
}

DEVICE uint matrix_of_blocks(uint shared, uint along_columns) { return (shared & 0x3FFFF) >> 4 | (along_columns >> 4) << 16; }

DEVICE void products_begin() { warp_barrier(); }
DEVICE void products_commit() { warp_barrier(); }

DEVICE void multiply_add(float (&s)[64], uint a, uint b, int add) {
    warp_barrier();
    emulated::current->group_products.push_back({s, add != 0, b, a, false, {}});
}

template <int Count>
DEVICE void multiply_add(float (&s)[Count], const uint (&a)[4], uint b, int add) {
    emulated::GroupProduct product = {s, add != 0, b, 0, true, {}};
    emulated::rows_of_lanes(product.rows, a);
    emulated::current->group_products.push_back(product);
}

template <int Count>
DEVICE void products_wait(float (&sums)[Count]) {
    warp_barrier();
    emulated::multiply_group(sums, Count);
    warp_barrier();
}
