// Rows of 33 to 64 values.
#include "hopper_shared.cuh"

GLOBAL BOUNDS(512, 1) void assign_shared_64(AssignArgs a) {
    kernel_begins();
    assign_shared(a);
}
