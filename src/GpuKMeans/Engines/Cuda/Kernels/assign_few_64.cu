// Up to 64 centres.
#include "few.cuh"

GLOBAL BOUNDS(512, 1) void assign_few_64(AssignArgs a) {
    kernel_begins();
    assign_few<64, 16>(a);
}
