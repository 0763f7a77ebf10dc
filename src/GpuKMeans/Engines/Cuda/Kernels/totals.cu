// Sums of what was found for rows.
#include "totals.cuh"

GLOBAL BOUNDS(256, 1) void block_totals(BlockTotalsArgs a) {
    kernel_begins();
    total_block(a, block_id());
}

// One block.
GLOBAL BOUNDS(1024, 1) void final_total(FinalTotalArgs a) {
    kernel_begins();
    total_all(a);
}
