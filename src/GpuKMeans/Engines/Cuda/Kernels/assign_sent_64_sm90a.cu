// Rows of 33 to 64 values, one after another.
#include "hopper_sent.cuh"

GLOBAL BOUNDS(640, 1) void assign_sent_64(AssignArgs a) {
    kernel_begins();
    assign_sent(a);
}
