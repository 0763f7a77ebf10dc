// Rows of more than 128 values.
#include "hopper_long.cuh"

GLOBAL BOUNDS(LongThreads, 1) void assign_long(AssignArgs a) {
    kernel_begins();
    assign_long_rows(a);
}
