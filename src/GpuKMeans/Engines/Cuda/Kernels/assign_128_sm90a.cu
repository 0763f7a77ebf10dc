// Rows of 65 to 128 values.
#include "hopper_short.cuh"

GLOBAL BOUNDS(512, 1) void assign_short_128(AssignArgs a) {
    kernel_begins();
    assign_short(a);
}
