// Settling the rows of a small batch. A few of them are open, and what they may be nearest to is measured here, which takes less time
// than the two kernels that look for candidates.
#include "scan.cuh"

// Open rows by blocks, the others by warps.
GLOBAL BOUNDS(Threads, 1) void settle_batch(AssignArgs a) {
    kernel_begins();
    clear_next(a);
    int open = a.undecided.count[0], known = a.undecided.count[1];
    for (int i = block_id(); i < open; i += grid_blocks()) {
        scan_row<4>(a, a.undecided.places[i], (uint)a.undecided.candidates[(int64)i * MostCandidates]);
    }
    int warps = grid_blocks() * Warps, warp = (int)(global_thread() >> 5);
    settle_all(a, 0, known, warps - 1 - warp, warps);
}
