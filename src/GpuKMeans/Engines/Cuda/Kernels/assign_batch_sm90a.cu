// A small batch of rows of 65 to 128 values: all multiprocessors take part.
#include "hopper_batch.cuh"

GLOBAL BOUNDS(512, 1) void assign_batch_128(AssignArgs a) { assign_batch(a); }
