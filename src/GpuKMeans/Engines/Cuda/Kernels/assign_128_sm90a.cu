// Rows of up to 128 values.
#include "hopper_short.cuh"

GLOBAL BOUNDS(512, 1) void assign_short_128(AssignArgs a) {
    kernel_begins();
    assign_short<3, 8, 128, true>(a);
}
