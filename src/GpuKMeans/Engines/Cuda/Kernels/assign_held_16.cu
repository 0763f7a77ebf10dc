// Rows of up to 16 values, and centres that all find room in shared memory.
#include "held.cuh"

GLOBAL BOUNDS(128, 6) void assign_held_16(AssignArgs a) { assign_held<1, 4, true>(a); }
