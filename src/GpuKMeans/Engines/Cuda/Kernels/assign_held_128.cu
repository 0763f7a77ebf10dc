// Rows of up to 128 values, and centres that all find room in shared memory.
#include "held.cuh"

GLOBAL BOUNDS(384, 1) void assign_held_128(AssignArgs a) { assign_held<8, 12, true>(a); }
