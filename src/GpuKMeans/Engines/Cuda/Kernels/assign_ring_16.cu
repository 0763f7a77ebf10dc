// Rows of up to 16 values, and centres that pass by.
#include "held.cuh"

GLOBAL BOUNDS(128, 6) void assign_ring_16(AssignArgs a) { assign_held<1, 4, false>(a); }
