// Up to 256 centres.
#include "few_any.cuh"

GLOBAL BOUNDS(256, 1) void assign_few_256(AssignArgs a) {
    kernel_begins();
    assign_few<256, 8>(a);
}
