// Rows of up to 32 values.
#include "hopper_short.cuh"

GLOBAL BOUNDS(288, 3) void assign_short_32(AssignArgs a) { assign_short<2, 2, 64, false>(a); }
