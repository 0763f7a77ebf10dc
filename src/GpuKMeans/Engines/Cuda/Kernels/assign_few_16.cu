// Up to 16 centres.
#include "few.cuh"

GLOBAL BOUNDS(512, 1) void assign_few_16(AssignArgs a) {
    kernel_begins();
    assign_few<16, 16>(a);
}
