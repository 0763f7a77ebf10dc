// Rows of up to 64 values.
#include "hopper_short.cuh"

GLOBAL BOUNDS(288, 2) void assign_short_64(AssignArgs a) {
    kernel_begins();
    assign_short<2, 4, 64, false>(a);
}
