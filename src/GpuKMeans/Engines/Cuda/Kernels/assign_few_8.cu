// Up to 8 centres.
#include "few_any.cuh"

GLOBAL BOUNDS(384, 1) void assign_few_8(AssignArgs a) {
    kernel_begins();
    assign_few<8, 12>(a);
}
