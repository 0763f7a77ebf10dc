// Settling the rows that the fast pass left undecided.
#include "scan.cuh"

GLOBAL BOUNDS(Threads, 2) void settle_rows(AssignArgs a) {
    kernel_begins();
    clear_next(a);
    settle_list<1>(a);
}
