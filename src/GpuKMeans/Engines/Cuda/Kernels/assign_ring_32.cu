// Rows of up to 32 values, and centres that pass by.
#include "held.cuh"

GLOBAL BOUNDS(128, 5) void assign_ring_32(AssignArgs a) { assign_held<2, 4, false>(a); }
