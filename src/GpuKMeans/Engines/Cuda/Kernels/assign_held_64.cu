// Rows of up to 64 values, and centres that all find room in shared memory.
#include "held.cuh"

GLOBAL BOUNDS(128, 4) void assign_held_64(AssignArgs a) { assign_held<4, 4, true>(a); }
