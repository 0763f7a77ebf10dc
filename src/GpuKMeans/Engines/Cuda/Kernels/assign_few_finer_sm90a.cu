// Up to 128 centres, for longer rows.
#include "few_hopper.cuh"

GLOBAL BOUNDS(384, 1) void assign_few_finer(AssignArgs a) {
    kernel_begins();
    assign_few<128, 2, 224, true>(a);
}
