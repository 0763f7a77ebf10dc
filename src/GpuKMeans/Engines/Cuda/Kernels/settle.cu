// Settling the rows that the fast pass left undecided: settle.cuh.
#include "scan.cuh"

// The rows for which any centre may be the nearest, by blocks. They may be a few among many, or nearly all.
DEVICE void settle_unlimited(const AssignArgs& a, int open) {
    SHARED int listed[Threads];
    SHARED int found;
    int each = clamp((open + grid_blocks() - 1) / grid_blocks(), 1, Threads), step = grid_blocks() * each;
    for (int first = block_id() * each; first < open; first += step) {
        int i = first + thread_id();
        if (thread_id() == 0) {
            found = 0;
        }
        block_barrier();
        if (thread_id() < each && i < open && all_are_candidates(a.undecided.candidate_counts[i])) {
            listed[atomic_add(&found, 1)] = a.undecided.places[i];
        }
        block_barrier();
        int n = found;
        for (int j = 0; j < n; j++) {
            if (a.rows.dimension >= 16 && a.centers.count <= MostScanned) {
                scan_row<2>(a, listed[j], AllSets);
            } else {
                settle_by_block(a, listed[j], nullptr, a.centers.count);
            }
        }
        block_barrier();
    }
}

// Rows for which any centre may be the nearest, those whose candidates have been found, and those whose were known.
GLOBAL BOUNDS(Threads, 4) void settle_rows(AssignArgs a) {
    kernel_begins();
    clear_next(a);
    int open = a.undecided.count[0], known = a.undecided.count[1];
    settle_unlimited(a, open);
    settle_all(a, open, open + known, (int)(global_thread() >> 5), grid_blocks() * Warps);
}
