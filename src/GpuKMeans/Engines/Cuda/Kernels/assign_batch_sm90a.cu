// A small batch of rows of 65 to 128 values: all multiprocessors take part.
#include "hopper_short.cuh"

GLOBAL BOUNDS(512, 1) void assign_batch_128(AssignArgs a) {
    kernel_begins();
    assign_short<3, 8, 128, true, true>(a);
}
