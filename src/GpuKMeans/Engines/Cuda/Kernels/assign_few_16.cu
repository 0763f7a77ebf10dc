// Up to 16 centres.
#include "few_any.cuh"

GLOBAL BOUNDS(384, 1) void assign_few_16(AssignArgs a) {
    kernel_begins();
    assign_few<16, 12>(a);
}
