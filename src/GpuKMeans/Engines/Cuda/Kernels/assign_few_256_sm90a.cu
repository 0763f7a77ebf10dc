// Up to 256 centres.
#include "few_hopper.cuh"

GLOBAL BOUNDS(384, 1) void assign_few_256(AssignArgs a) {
    kernel_begins();
    assign_few<256, 2, 224, false>(a);
}
