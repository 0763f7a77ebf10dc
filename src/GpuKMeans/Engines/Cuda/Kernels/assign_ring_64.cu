// Rows of up to 64 values, and centres that pass by.
#include "held.cuh"

GLOBAL BOUNDS(128, 4) void assign_ring_64(AssignArgs a) { assign_held<4, 4, false>(a); }
