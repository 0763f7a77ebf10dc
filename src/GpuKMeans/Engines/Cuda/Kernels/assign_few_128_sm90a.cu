// Up to 128 centres.
#include "few_hopper.cuh"

GLOBAL BOUNDS(512, 1) void assign_few_128(AssignArgs a) {
    kernel_begins();
    assign_few<128, 3, 160, false>(a);
}
