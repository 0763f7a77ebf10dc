// A GPU of one multiprocessor on one thread of a processor: every CUDA thread is a fiber, which runs until it must wait for others. What
// the lanes of a warp do together is a meeting. Blocks, warps and lanes take turns in a random order, copies arrive as late as they may,
// and shared memory begins as bytes that are no number, so that code which does not wait where it must gives wrong results.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <random>
#include <sys/mman.h>
#include <vector>

namespace emulated {

struct Copy {
    char* to;
    const char* from;       // null for zeros
    uint32_t bytes;
};

// A product of four warps: matrices in shared memory are described, or of the first a lane has its own rows.
struct GroupProduct {
    float* sums;
    bool add;
    uint32_t b;
    uint32_t a;
    bool has_rows;
    float rows[2][16];
};

struct Fiber {
    void* stack_pointer;
    char* stack;
    int thread;
    bool done;
    const uint32_t* awaited;        // it waits as long as this is
    uint32_t was;
    std::vector<Copy> begun;
    std::vector<std::vector<Copy>> groups;
    std::vector<GroupProduct> group_products;
};

// Where lanes meet: what each brought is there for all until they have met twice more.
struct Meeting {
    uint32_t arrived = 0;
    uint32_t generation = 0;
    uint64_t brought[32];
    uint64_t given[2][32];
};

struct Product {
    float c[4];
    uint32_t a[4];
    uint32_t b[2];
};

struct Warp {
    Meeting all;
    Meeting some;
    Product products[32];
};

inline Fiber* current;
inline void* scheduler_stack;
inline Warp* warps;
inline std::mt19937 order(1);
inline int block, block_y, grid, threads;
inline uint32_t ticks;
inline unsigned char* shared;
inline uint32_t shared_bytes;

[[noreturn]] inline void fail(const char* why) {
    std::fprintf(stderr, "emulated: %s (block %d, thread %d)\n", why, block, current ? current->thread : -1);
    std::abort();
}

inline int lane() { return current->thread & 31; }
inline Warp& warp() { return warps[current->thread >> 5]; }

// Saves the registers of a fiber and goes on with another (System V ABI for x86-64).
extern "C" void emulated_switch(void** save, void* to);
asm(R"(
    .text
    .globl emulated_switch
emulated_switch:
    push %rbp
    push %rbx
    push %r12
    push %r13
    push %r14
    push %r15
    mov %rsp, (%rdi)
    mov %rsi, %rsp
    pop %r15
    pop %r14
    pop %r13
    pop %r12
    pop %rbx
    pop %rbp
    ret
)");

__attribute__((noinline)) inline void wait_until_changed(const uint32_t* word, uint32_t was) {
    current->awaited = word;
    current->was = was;
    emulated_switch(&current->stack_pointer, scheduler_stack);
}

// All lanes of the mask meet. The last does `then`; each gets what all have brought.
template <typename Then>
const uint64_t* meet(uint32_t mask, uint64_t own, Then then) {
    Warp& w = warp();
    Meeting& m = mask == ~0u ? w.all : w.some;
    if (m.arrived >> lane() & 1 || !(mask >> lane() & 1)) {
        fail("a lane comes twice, or is not among those that meet");
    }
    m.brought[lane()] = own;
    m.arrived |= 1u << lane();
    uint32_t was = m.generation;
    uint64_t* given = m.given[(was + 1) & 1];
    if (m.arrived == mask) {
        std::memcpy(given, m.brought, sizeof m.brought);
        then(w);
        m.arrived = 0;
        m.generation++;
    } else {
        wait_until_changed(&m.generation, was);
    }
    return given;
}

inline const uint64_t* meet(uint32_t mask, uint64_t own) {
    return meet(mask, own, [](Warp&) {});
}

// Where so many threads meet.
struct Gathering {
    uint32_t arrived = 0;
    uint32_t generation = 0;

    void come(uint32_t count) {
        uint32_t was = generation;
        if (++arrived == count) {
            arrived = 0;
            generation++;
        } else {
            wait_until_changed(&generation, was);
        }
    }
};

inline Gathering of_block, of_some;

template <typename T>
T from_lane(T v, int lane) {
    uint64_t bits = 0;
    std::memcpy(&bits, &v, sizeof v);
    bits = meet(~0u, bits)[lane];
    std::memcpy(&v, &bits, sizeof v);
    return v;
}

inline uint32_t ballot(uint32_t mask, bool v) {
    const uint64_t* of = meet(mask, v);
    uint32_t all = 0;
    for (int i = 0; i < 32; i++) {
        all |= mask >> i & 1 ? (uint32_t)(of[i] & 1) << i : 0;
    }
    return all;
}

inline char* shared_at(uint32_t address, uint32_t bytes) {
    if (address + bytes > shared_bytes || address % bytes) {
        fail("an address outside of shared memory, or not aligned");
    }
    return (char*)shared + address;
}

inline void copy(uint32_t to, const void* from, uint32_t bytes, bool exists) {
    if ((uintptr_t)from % bytes) {
        fail("a copy from where it is not aligned");
    }
    current->begun.push_back({shared_at(to, bytes), exists ? (const char*)from : nullptr, bytes});
}

inline void commit() {
    current->groups.push_back(std::move(current->begun));
    current->begun.clear();
}

inline void wait_for_copies(size_t pending) {
    while (current->groups.size() > pending) {
        for (const Copy& c : current->groups[0]) {
            c.from ? std::memcpy(c.to, c.from, c.bytes) : std::memset(c.to, 0, c.bytes);
        }
        current->groups.erase(current->groups.begin());
    }
}

// Hopper's barriers, which count arrivals and bytes.
struct Barrier {
    uint32_t phase;
    int pending;
    int arrivals;
    int bytes;

    void arrive(int expected) {
        if (pending-- == 0) {
            fail("a barrier has more arrivals than it counts");
        }
        come(-expected);
    }

    void come(int more) {
        bytes -= more;
        if (pending == 0 && bytes == 0) {
            pending = arrivals;
            phase++;
        }
    }
};

inline std::map<uint32_t, Barrier> barriers;

inline void begin_barrier(uint32_t at, int arrivals) {
    shared_at(at, 8);
    if (!barriers.insert({at, Barrier{0, arrivals, arrivals, 0}}).second) {
        fail("a barrier begins twice");
    }
}

inline Barrier& barrier_at(uint32_t at) {
    auto found = barriers.find(at);
    if (found == barriers.end()) {
        fail("no barrier has begun there");
    }
    return found->second;
}

inline void wait_for_barrier(uint32_t at, uint32_t parity) {
    Barrier& b = barrier_at(at);
    while ((b.phase & 1) == parity) {
        wait_until_changed(&b.phase, b.phase);
    }
}

// Bulk copies that are under way. They come in any order; until then what was there before is no number.
struct BulkCopy {
    uint32_t to;
    std::vector<char> bytes;
    uint32_t barrier;
};

inline std::vector<BulkCopy> bulk_copies;
inline std::vector<std::pair<const void*, const void*>> readable;       // what they may read

inline void begin_bulk_copy(uint32_t to, const void* from, uint32_t bytes, uint32_t barrier) {
    const char* first = (const char*)from;
    if (to % 16 || bytes % 16 || (uintptr_t)from % 16 || bytes == 0 || to + bytes > shared_bytes) {
        fail("a bulk copy is not aligned, or to where there is no shared memory");
    }
    if (std::none_of(readable.begin(), readable.end(), [&](auto& range) { return from >= range.first && first + bytes <= range.second; })) {
        fail("a bulk copy from outside of the rows and centres");
    }
    barrier_at(barrier);
    bulk_copies.push_back({to, std::vector<char>(first, first + bytes), barrier});
    std::memset(shared + to, 0xFF, bytes);
}

// Has one come; whether there was one.
inline bool end_bulk_copy() {
    if (bulk_copies.empty()) {
        return false;
    }
    std::swap(bulk_copies[order() % bulk_copies.size()], bulk_copies.back());
    BulkCopy& copy = bulk_copies.back();
    std::memcpy(shared + copy.to, copy.bytes.data(), copy.bytes.size());
    barriers[copy.barrier].come((int)copy.bytes.size());
    bulk_copies.pop_back();
    return true;
}

// Copies of a thread that are under way, after which it arrives at a barrier. They come in any order; until then what was there before is
// no number.
struct Arrival {
    std::vector<Copy> copies;
    uint32_t barrier;
};

inline std::vector<Arrival> arrivals;

inline void arrive_after_copies(uint32_t at) {
    barrier_at(at);
    for (const Copy& c : current->begun) {
        std::memset(c.to, 0xFF, c.bytes);
    }
    arrivals.push_back({std::move(current->begun), at});
    current->begun.clear();
}

// Has some come; whether there were any.
inline bool end_arrival() {
    if (arrivals.empty()) {
        return false;
    }
    std::swap(arrivals[order() % arrivals.size()], arrivals.back());
    Arrival arrival = std::move(arrivals.back());
    arrivals.pop_back();
    for (const Copy& c : arrival.copies) {
        c.from ? std::memcpy(c.to, c.from, c.bytes) : std::memset(c.to, 0, c.bytes);
    }
    barriers[arrival.barrier].arrive(0);
    return true;
}

// How sums of products round, of which NVIDIA says nothing: one term after another; all terms cut below the largest one's last
// place; or once.
enum class Rounding { each, cut, once };
inline Rounding rounding = Rounding::cut;

inline float half_value(uint32_t bits) {
    uint16_t low = (uint16_t)bits;
    _Float16 h;
    std::memcpy(&h, &low, 2);
    return (float)h;
}

inline uint32_t half_bits_of(float v) {
    if (v != v) {
        return 0x7FFF;
    }
    _Float16 h = (_Float16)v;
    uint16_t bits;
    std::memcpy(&bits, &h, 2);
    return bits;
}

inline float sum_of_products(float c, const float* a, const float* b, int n) {
    double terms[17], most = std::fabs(c);
    bool finite = std::isfinite(c);
    terms[n] = c;
    for (int i = 0; i < n; i++) {
        terms[i] = (double)a[i] * b[i];
        finite &= std::isfinite(terms[i]);
        most = std::max(most, std::fabs(terms[i]));
    }
    if (rounding == Rounding::each || !finite || most == 0) {
        for (int i = 0; i < n; i++) {
            c += a[i] * b[i];
        }
        // What the tensor cores give for no number.
        uint32_t none = 0x7FFFFFFF;
        if (c != c) {
            std::memcpy(&c, &none, 4);
        }
        return c;
    }
    double sum = 0, unit = std::ldexp(1.0, std::ilogb(most) - 23);
    for (int i = 0; i <= n; i++) {
        sum += rounding == Rounding::once ? terms[i] : std::trunc(terms[i] / unit) * unit;
    }
    float r = (float)sum;
    return rounding == Rounding::cut && std::fabs((double)r) > std::fabs(sum) ? std::nextafterf(r, 0.0f) : r;
}

// sums (16×8) += a (16×k) · b (k×8), as lanes have them.
inline void multiply_add(float (&sums)[4], const uint32_t* a, const uint32_t* b, int k) {
    Product& own = warp().products[lane()];
    std::memcpy(own.c, sums, sizeof own.c);
    std::memcpy(own.a, a, (size_t)k);
    std::memcpy(own.b, b, (size_t)k / 2);
    meet(~0u, 0, [k](Warp& w) {
        float rows[16][16], columns[8][16];
        for (int l = 0; l < 32; l++) {
            int group = l >> 2, at = (l & 3) * 2;
            for (int i = 0; i < k / 4; i++) {
                for (int h = 0; h < 2; h++) {
                    rows[group + (i & 1) * 8][at + (i >> 1) * 8 + h] = half_value(w.products[l].a[i] >> (16 * h));
                }
            }
            for (int i = 0; i < k / 8; i++) {
                for (int h = 0; h < 2; h++) {
                    columns[group][at + i * 8 + h] = half_value(w.products[l].b[i] >> (16 * h));
                }
            }
        }
        for (int l = 0; l < 32; l++) {
            for (int i = 0; i < 4; i++) {
                float& c = w.products[l].c[i];
                c = sum_of_products(c, rows[(l >> 2) + (i >> 1) * 8], columns[(l & 3) * 2 + (i & 1)], k);
            }
        }
    });
    std::memcpy(sums, own.c, sizeof own.c);
}

// The same of floats (16×8 · 8×8), of which the tensor cores take 11 digits and are not said to round what is behind them.
inline void multiply_add_short(float (&sums)[4], const uint32_t (&a)[4], const uint32_t (&b)[2]) {
    Product& own = warp().products[lane()];
    std::memcpy(own.c, sums, sizeof own.c);
    std::memcpy(own.a, a, sizeof own.a);
    std::memcpy(own.b, b, sizeof own.b);
    meet(~0u, 0, [](Warp& w) {
        auto value = [](uint32_t bits) {
            if (bits & 0x1FFF) {
                fail("a float with more digits than products take");
            }
            float v;
            std::memcpy(&v, &bits, 4);
            return v;
        };
        float rows[16][8], columns[8][8];
        for (int l = 0; l < 32; l++) {
            for (int i = 0; i < 4; i++) {
                rows[(l >> 2) + (i & 1) * 8][(l & 3) + (i >> 1) * 4] = value(w.products[l].a[i]);
            }
            for (int i = 0; i < 2; i++) {
                columns[l >> 2][(l & 3) + i * 4] = value(w.products[l].b[i]);
            }
        }
        for (int l = 0; l < 32; l++) {
            for (int i = 0; i < 4; i++) {
                float& c = w.products[l].c[i];
                c = sum_of_products(c, rows[(l >> 2) + (i >> 1) * 8], columns[(l & 3) * 2 + (i & 1)], 8);
            }
        }
    });
    std::memcpy(sums, own.c, sizeof own.c);
}

// Of a matrix in blocks of 8×8, as Hopper's products are told of it.
inline float half_of_blocks(uint32_t described, int row, int column) {
    uint32_t block = (uint32_t)(column / 8) * (described >> 16) * 16 + (uint32_t)(row / 8) * 128;
    uint16_t half;
    std::memcpy(&half, shared_at((described & 0xFFFF) * 16 + block + (uint32_t)(row % 8) * 16 + (uint32_t)(column % 8) * 2, 2), 2);
    return half_value(half);
}

// The two rows of a lane, whose columns four lanes have.
inline void rows_of_lanes(float (&rows)[2][16], const uint32_t (&a)[4]) {
    for (int half = 0; half < 2; half++) {
        const uint64_t* of = meet(~0u, a[half * 2] | (uint64_t)a[half * 2 + 1] << 32);
        for (int l = 0; l < 4; l++) {
            for (int i = 0; i < 4; i++) {
                rows[i / 2][half * 8 + l * 2 + i % 2] = half_value((uint32_t)(of[(lane() & 28) + l] >> (16 * i)));
            }
        }
    }
}

// All products of a lane that nobody has waited for: at the last moment, so that what is overwritten too early shows.
inline void multiply_group(float* sums, int count) {
    int row = (current->thread >> 5 & 3) * 16 + (lane() >> 2);
    for (const GroupProduct& p : current->group_products) {
        if (p.sums != sums) {
            fail("products are waited for that went elsewhere");
        }
        float rows[2][16], column[16];
        for (int i = 0; i < 32; i++) {
            rows[i / 16][i % 16] = p.has_rows ? p.rows[i / 16][i % 16] : half_of_blocks(p.a, row + i / 16 * 8, i % 16);
        }
        for (int i = 0; i < count / 2; i++) {
            for (int c = 0; c < 16; c++) {
                column[c] = half_of_blocks(p.b, i / 2 * 8 + (lane() & 3) * 2 + i % 2, c);
            }
            for (int r = 0; r < 2; r++) {
                float& sum = sums[i / 2 * 4 + r * 2 + i % 2];
                sum = sum_of_products(p.add ? sum : 0, rows[r], column, 16);
            }
        }
    }
    current->group_products.clear();
}

template <int Count>
void load_matrices(uint32_t (&r)[Count], uint32_t address) {
    const uint64_t* rows = meet(~0u, address);
    for (int i = 0; i < Count; i++) {
        std::memcpy(&r[i], shared_at((uint32_t)rows[i * 8 + (lane() >> 2)], 16) + (lane() & 3) * 4, 4);
    }
    meet(~0u, 0);       // it is one instruction: nobody goes on before all have read
}

// Static shared memory lies in a section of its own.
extern "C" char __start_emulated_shared[], __stop_emulated_shared[];

inline void (*entry)(const void*);
inline const void* entry_arguments;

inline void fiber_begins() {
    entry(entry_arguments);
    current->done = true;
    emulated_switch(&current->stack_pointer, scheduler_stack);
}

inline void run_block(std::vector<Fiber>& fibers) {
    int count = threads;
    std::vector<int> warp_order((size_t)count / 32), lane_order(32);
    for (size_t i = 0; i < warp_order.size(); i++) {
        warp_order[i] = (int)i;
    }
    for (int i = 0; i < 32; i++) {
        lane_order[(size_t)i] = i;
    }
    for (int left = count; left > 0;) {
        bool any = false, waits = false;
        std::shuffle(warp_order.begin(), warp_order.end(), order);
        std::shuffle(lane_order.begin(), lane_order.end(), order);
        for (int w : warp_order) {
            if (order() % 4 == 0) {
                waits = true;       // for no reason
                continue;
            }
            for (bool moved = true; moved;) {
                moved = false;
                for (int l : lane_order) {
                    Fiber& f = fibers[(size_t)(w * 32 + l)];
                    if (f.done || (f.awaited && *f.awaited == f.was)) {
                        continue;
                    }
                    current = &f;
                    f.awaited = nullptr;
                    emulated_switch(&scheduler_stack, f.stack_pointer);
                    left -= f.done;
                    moved = any = true;
                }
            }
        }
        bool comes = (order() % 2 == 0 || !any) && (end_bulk_copy() || end_arrival());
        if (left > 0 && !any && !waits && !comes) {
            fail("all wait for one another");
        }
    }
}

// Runs a kernel: all of its blocks, one after another, in a random order.
template <auto Kernel, typename Arguments>
void launch(const Arguments& arguments, int64_t blocks, int block_threads, int bytes = 0, int blocks_y = 1) {
    constexpr size_t StackBytes = 1 << 18, MostThreads = 1024;
    static std::vector<Fiber> fibers(MostThreads);
    if (!fibers[0].stack) {
        char* stacks = (char*)mmap(nullptr, StackBytes * MostThreads, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        for (size_t i = 0; i < MostThreads; i++) {
            fibers[i].stack = stacks + i * StackBytes;
        }
    }
    grid = (int)blocks;
    threads = block_threads;
    entry_arguments = &arguments;
    entry = [](const void* p) { Kernel(*(const Arguments*)p); };
    std::vector<Warp> all((size_t)block_threads / 32);
    warps = all.data();
    std::vector<unsigned char> memory((size_t)bytes + 256);
    shared = (unsigned char*)(((uintptr_t)memory.data() + 127) / 128 * 128);
    shared_bytes = (uint32_t)bytes;
    std::vector<int> turns((size_t)(blocks * blocks_y));
    for (size_t i = 0; i < turns.size(); i++) {
        turns[i] = (int)i;
    }
    std::shuffle(turns.begin(), turns.end(), order);
    for (int turn : turns) {
        block = (int)(turn % blocks);
        block_y = (int)(turn / blocks);
        std::memset(shared, 0xFF, (size_t)bytes);
        std::memset(__start_emulated_shared, 0xFF, (size_t)(__stop_emulated_shared - __start_emulated_shared));
        for (int i = 0; i < block_threads; i++) {
            Fiber& f = fibers[(size_t)i];
            f.thread = i;
            f.done = false;
            f.awaited = nullptr;
            f.groups.clear();
            f.begun.clear();
            f.group_products.clear();
            void** stack = (void**)(f.stack + StackBytes);
            *--stack = nullptr;
            *--stack = (void*)fiber_begins;
            for (int r = 0; r < 6; r++) {
                *--stack = nullptr;
            }
            f.stack_pointer = stack;
        }
        barriers.clear();
        run_block(fibers);
        if (!bulk_copies.empty() || !arrivals.empty()) {
            fail("bulk copies that nobody has waited for");
        }
        for (int i = 0; i < block_threads; i++) {
            for (const auto& group : fibers[(size_t)i].groups) {
                if (!group.empty()) {
                    fail("copies that nobody has waited for");
                }
            }
        }
    }
    current = nullptr;
}

}
