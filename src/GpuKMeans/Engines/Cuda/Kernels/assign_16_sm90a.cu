// Rows of up to 16 values.
#include "hopper_short.cuh"

GLOBAL BOUNDS(288, 3) void assign_short_16(AssignArgs a) { assign_short<2, 1, 64, false>(a); }
