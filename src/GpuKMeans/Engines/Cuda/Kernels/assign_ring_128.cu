// Rows of up to 128 values, and centres that pass by.
#include "held.cuh"

GLOBAL BOUNDS(384, 1) void assign_ring_128(AssignArgs a) { assign_held<8, 12, false>(a); }
