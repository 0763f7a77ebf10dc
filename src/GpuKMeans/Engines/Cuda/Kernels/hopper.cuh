// What Hopper has beyond compute capability 8.0: barriers that count bytes, bulk copies, and products of a warpgroup.
#pragma once
#include "device.cuh"

DEVICE void barrier_init(uint barrier, int arrivals) {
    asm volatile("mbarrier.init.shared::cta.b64 [%0], %1;" ::"r"(barrier), "r"(arrivals) : "memory");
}

DEVICE void barrier_init_fence() { asm volatile("fence.mbarrier_init.release.cluster;" ::: "memory"); }

DEVICE void barrier_arrive(uint barrier) {
    asm volatile("mbarrier.arrive.shared::cta.b64 _, [%0];" ::"r"(barrier) : "memory");
}

DEVICE void barrier_expect(uint barrier, uint bytes) {
    asm volatile("mbarrier.arrive.expect_tx.shared::cta.b64 _, [%0], %1;" ::"r"(barrier), "r"(bytes) : "memory");
}

// Waits until the phase of this parity is over.
DEVICE void barrier_wait(uint barrier, uint parity) {
    uint done;
    do {
        asm volatile("{ .reg .pred p; mbarrier.try_wait.parity.shared::cta.b64 p, [%1], %2; selp.u32 %0, 1, 0, p; }"
            : "=r"(done)
            : "r"(barrier), "r"(parity)
            : "memory");
    } while (!done);
}

// Starts a copy of one piece from global to shared memory, which the barrier counts.
DEVICE void copy_bulk(uint to_shared, const void* from, uint bytes, uint barrier) {
    asm volatile("cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes [%0], [%1], %2, [%3];"
        ::"r"(to_shared), "l"(from), "r"(bytes), "r"(barrier) : "memory");
}

// The same to all blocks of a pair at once: each gets the piece at the same place of its shared memory, and its own barrier
// counts it.
DEVICE void copy_bulk_to_pair(uint to_shared, const void* from, uint bytes, uint barrier) {
    asm volatile("{ .reg .b16 both; mov.u16 both, 3; "
        "cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes.multicast::cluster [%0], [%1], %2, [%3], both; }"
        ::"r"(to_shared), "l"(from), "r"(bytes), "r"(barrier) : "memory");
}

// Says that what is in a line of 128 bytes will not be read again, so that it need not be kept.
DEVICE void discard(const void* line) { asm volatile("discard.global.L2 [%0], 128;" ::"l"(line) : "memory"); }

// Makes what this thread has written to global memory visible to bulk copies that others start after it has told them so.
DEVICE void bulk_copies_see_writes() { asm volatile("fence.proxy.async.global;" ::: "memory"); }

// The same for shared memory, and products and copies that read or write there.
DEVICE void async_sees_shared() { asm volatile("fence.proxy.async.shared::cta;" ::: "memory"); }

// The address of what lies at the same place of the shared memory of a block of the cluster.
DEVICE uint address_in_block(uint shared, uint rank) {
    uint address;
    asm("mapa.shared::cluster.u32 %0, %1, %2;" : "=r"(address) : "r"(shared), "r"(rank));
    return address;
}

// Arrives at a barrier of any block of the cluster. It orders nothing for the other block: products that have been waited for
// need no more.
DEVICE void barrier_arrive_in_cluster(uint barrier) {
    asm volatile("mbarrier.arrive.shared::cluster.b64 _, [%0];" ::"r"(barrier) : "memory");
}

// All threads of the blocks of a cluster.
DEVICE void cluster_barrier() {
    asm volatile("barrier.cluster.arrive.release; barrier.cluster.wait.acquire;" ::: "memory");
}

DEVICE void products_begin() { asm volatile("wgmma.fence.sync.aligned;" ::: "memory"); }
DEVICE void products_commit() { asm volatile("wgmma.commit_group.sync.aligned;" ::: "memory"); }
DEVICE void products_wait() { asm volatile("wgmma.wait_group.sync.aligned 0;" ::: "memory"); }

// The same; nothing the compiler does with the sums comes before.
template <int Count>
DEVICE void products_wait(float (&sums)[Count]) {
    products_wait();
#pragma unroll
    for (int i = 0; i < Count; i++) {
        asm volatile("" : "+f"(sums[i]));
    }
}

// The largest of the lanes' values, of which none is negative: of those the bits are in the order of the values. What is no number is
// larger than any. One instruction, where lanes_max waits for five shuffles.
DEVICE float largest_of_warp(float v) {
    uint most;
    asm volatile("redux.sync.max.u32 %0, %1, 0xFFFFFFFF;" : "=r"(most) : "r"(float_bits(v)));
    return bits_float(most);
}

// Registers, a multiple of 8, that each thread of four warps has from here on.
template <int Count>
DEVICE void take_registers() {
    asm volatile("setmaxnreg.inc.sync.aligned.u32 %0;" ::"n"(Count));
}

template <int Count>
DEVICE void give_registers() {
    asm volatile("setmaxnreg.dec.sync.aligned.u32 %0;" ::"n"(Count));
}

// Describes a matrix of 8×8 blocks in shared memory, by where it begins and the bytes from one block to the next along the
// columns (the products' inner dimension); blocks along the rows follow one another. The upper half is always the same, so
// that offsets, in units of 16 bytes, are added to the lower alone.
DEVICE uint matrix_of_blocks(uint shared, uint along_columns) { return (shared & 0x3FFFF) >> 4 | (along_columns >> 4) << 16; }

// The operands of a product that are its sums.
#define SUMS_64 \
    "%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15, " \
    "%16, %17, %18, %19, %20, %21, %22, %23, %24, %25, %26, %27, %28, %29, %30, %31, " \
    "%32, %33, %34, %35, %36, %37, %38, %39, %40, %41, %42, %43, %44, %45, %46, %47, " \
    "%48, %49, %50, %51, %52, %53, %54, %55, %56, %57, %58, %59, %60, %61, %62, %63"
#define SUMS_128 SUMS_64 ", " \
    "%64, %65, %66, %67, %68, %69, %70, %71, %72, %73, %74, %75, %76, %77, %78, %79, " \
    "%80, %81, %82, %83, %84, %85, %86, %87, %88, %89, %90, %91, %92, %93, %94, %95, " \
    "%96, %97, %98, %99, %100, %101, %102, %103, %104, %105, %106, %107, %108, %109, %110, %111, " \
    "%112, %113, %114, %115, %116, %117, %118, %119, %120, %121, %122, %123, %124, %125, %126, %127"
#define F4(i) "+f"(s[i]), "+f"(s[i + 1]), "+f"(s[i + 2]), "+f"(s[i + 3])
#define F16(i) F4(i), F4(i + 4), F4(i + 8), F4(i + 12)

// sums (64×128) = a (64×16) · b (16×128), added to what they were or not. Four warps together; a thread has the sums of
// two rows, 8 apart, by two neighbouring columns of each eight.
DEVICE void multiply_add(float (&s)[64], uint a, uint b, int add) {
    asm volatile("{ .reg .pred p; .reg .b64 a, b; setp.ne.b32 p, %66, 0; mov.b64 a, {%64, 8}; mov.b64 b, {%65, 8}; wgmma.mma_async.sync.aligned.m64n128k16.f32.f16.f16 {"
        SUMS_64
        "}, a, b, p, 1, 1, 0, 0; }"
        : F16(0), F16(16), F16(32), F16(48)
        : "r"(a), "r"(b), "r"(add));
}

// The same by twice as many centres.
DEVICE void multiply_add(float (&s)[128], uint a, uint b, int add) {
    asm volatile("{ .reg .pred p; .reg .b64 a, b; setp.ne.b32 p, %130, 0; mov.b64 a, {%128, 8}; mov.b64 b, {%129, 8}; wgmma.mma_async.sync.aligned.m64n256k16.f32.f16.f16 {"
        SUMS_128
        "}, a, b, p, 1, 1, 0, 0; }"
        : F16(0), F16(16), F16(32), F16(48), F16(64), F16(80), F16(96), F16(112)
        : "r"(a), "r"(b), "r"(add));
}

// 64×128 with `a` in registers: of two rows 8 apart, two neighbouring columns, and two 8 further on.
DEVICE void multiply_add(float (&s)[64], const uint (&a)[4], uint b, int add) {
    asm volatile("{ .reg .pred p; .reg .b64 b; setp.ne.b32 p, %69, 0; mov.b64 b, {%68, 8}; wgmma.mma_async.sync.aligned.m64n128k16.f32.f16.f16 {"
        SUMS_64
        "}, {%64, %65, %66, %67}, b, p, 1, 1, 0; }"
        : F16(0), F16(16), F16(32), F16(48)
        : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b), "r"(add));
}

DEVICE void multiply_add(float (&s)[128], const uint (&a)[4], uint b, int add) {
    asm volatile("{ .reg .pred p; .reg .b64 b; setp.ne.b32 p, %133, 0; mov.b64 b, {%132, 8}; wgmma.mma_async.sync.aligned.m64n256k16.f32.f16.f16 {"
        SUMS_128
        "}, {%128, %129, %130, %131}, b, p, 1, 1, 0; }"
        : F16(0), F16(16), F16(32), F16(48), F16(64), F16(80), F16(96), F16(112)
        : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b), "r"(add));
}

#undef SUMS_128
#undef SUMS_64
#undef F16
#undef F4
