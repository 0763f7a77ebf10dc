// Settling the rows that the fast pass left undecided.
#include "scan.cuh"

GLOBAL BOUNDS(Threads, 4) void settle_rows(AssignArgs a) {
    kernel_begins();
    clear_next(a);
    settle_list<2>(a, is_scanned(a));
}
