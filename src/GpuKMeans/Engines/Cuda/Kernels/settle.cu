// Settling the rows that the fast pass left undecided: settle.cuh.
#include "settle.cuh"

// Rows whose candidates have been found, and those whose were known.
GLOBAL BOUNDS(Threads, 4) void settle_rows(AssignArgs a) {
    kernel_begins();
    clear_next(a);
    int open = a.undecided.count[0], count = open + a.undecided.count[1];
    int warps = grid_blocks() * Warps, warp = (int)(global_thread() >> 5);
    for (int i = warp; i < open; i += warps) {
        int n = a.undecided.candidate_counts[i];
        if (all_are_candidates(n)) {
            settle_exactly(a, i, a.undecided.places[i], n);
        }
    }
    for (int first = warp * 8; first < count; first += warps * 8) {
        settle_eight(a, first, open, count);
    }
}
