// Up to 64 centres.
#include "few_any.cuh"

GLOBAL BOUNDS(384, 1) void assign_few_64(AssignArgs a) {
    kernel_begins();
    assign_few<64, 12>(a);
}
