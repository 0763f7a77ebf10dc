// Rows of up to 128 values.
#include "held.cuh"

GLOBAL BOUNDS(384, 1) void assign_held_128(AssignArgs a) { assign_held<8, 12>(a); }
