// Up to 128 centres.
#include "few_any.cuh"

GLOBAL BOUNDS(384, 1) void assign_few_128(AssignArgs a) {
    kernel_begins();
    assign_few<128, 12>(a);
}
