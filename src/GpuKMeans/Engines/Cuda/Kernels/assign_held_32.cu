// Rows of up to 32 values, and centres that all find room in shared memory.
#include "held.cuh"

GLOBAL BOUNDS(128, 5) void assign_held_32(AssignArgs a) { assign_held<2, 4, true>(a); }
