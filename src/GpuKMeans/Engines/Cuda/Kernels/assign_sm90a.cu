// The fast pass on Hopper: as in assign.cu, with the roles in a block divided. Rows have been rounded beforehand, into tiles
// of 8×8 blocks, and stay in shared memory while tiles of centres pass by, so many columns at a time; those columns of the
// next rows come as soon as the last centres have been multiplied by these. One warp sends for both; each group of four
// warps multiplies 64 rows by 128 centres at a time and keeps the two best scores.
//
// Two things were tried and left: warps that round rows in the block compete with the others for the same arithmetic, and
// came out even at best; groups that take turns at the tensor cores gain 3% with 16,384 centres and lose 5% with 1024.
#include "hopper_tile.cuh"

constexpr int MostChunks = 24;     // of columns; more do not find room anyway

// Shared memory behind the rows and the ring of centres.
struct BlockState {
    uint64 rows_full[MostChunks];
    uint64 rows_empty[MostChunks];
    uint64 centers_full[MostStages];
    uint64 centers_empty[MostStages];
    float half_squares[1][TileCenters];     // as many as there are slots
};

template <int Groups, int Steps>
DEVICE void assign_tiles(const AssignArgs& a) {
    constexpr uint StageBytes = TileCenters * Steps * 16 * 2;
    constexpr int TileRows = Groups * 64;
    constexpr uint BlockPitch = TileRows * 16;
    constexpr uint ChunkBytes = Steps * 2 * BlockPitch;
    extern SHARED __attribute__((aligned(128))) unsigned char shared[];
    int chunks = a.centers.tiled_columns / (Steps * 16);
    int slots = a.stages / chunks + 2;      // more tiles than the ring of centres can be ahead
    uint rows_at = shared_address(shared);
    BlockState& state = *(BlockState*)(shared + chunks * ChunkBytes + a.stages * StageBytes);
    CenterRing ring = {shared_address(state.centers_full), shared_address(state.centers_empty), rows_at + chunks * ChunkBytes,
        shared_address(state.half_squares)};
    uint rows_full = shared_address(state.rows_full), rows_empty = shared_address(state.rows_empty);
    if (thread_id() == 0) {
        for (int c = 0; c < chunks; c++) {
            barrier_init(rows_full + c * 8, 1);
            barrier_init(rows_empty + c * 8, Groups * 4);
        }
        for (int s = 0; s < MostStages; s++) {
            barrier_init(ring.full + s * 8, 1);
            barrier_init(ring.empty + s * 8, Groups * 4);
        }
        barrier_init_fence();
    }
    block_barrier();

    int tiles = (a.rows.count + TileRows - 1) / TileRows;
    int group = warp_id() / 4;
    uint parity = 0;
    Turn centers, slot;
    if (group == Groups) {
        if (lane_id() == 0) {
            for (int tile = block_id(); tile < tiles; tile += grid_blocks(), parity ^= 1) {
                for (int t = 0; t < a.centers.tiles; t++) {
                    for (int c = 0; c < chunks; c++) {
                        if (t == 0) {
                            barrier_wait(rows_empty + c * 8, parity ^ 1);
                            barrier_expect(rows_full + c * 8, ChunkBytes);
                            copy_bulk(rows_at + c * ChunkBytes, (const char*)a.halves + ((int64)tile * chunks + c) * ChunkBytes, ChunkBytes,
                                rows_full + c * 8);
                        }
                        send_centers(a, ring, centers, slot, slots, t, c, chunks, StageBytes);
                    }
                }
            }
        }
    } else {
        int own_row = group * 64 + warp_id() % 4 * 16 + (lane_id() >> 2);
        uint x = matrix_of_blocks(rows_at + group * 64 * 16, BlockPitch);
        for (int tile = block_id(); tile < tiles; tile += grid_blocks(), parity ^= 1) {
            int place = tile * TileRows + own_row;
            float2 scales[2] = {a.scales[least(place, a.rows.count - 1)], a.scales[least(place + 8, a.rows.count - 1)]};
            float ratios[2] = {scales[0].x, scales[1].x}, margins[2] = {scales[0].y, scales[1].y};
            prefetch_rows(a, place);
            BestTwo best[2];
            for (int t = 0; t < a.centers.tiles; t++) {
                float sums[64];
                for (int c = 0; c < chunks; c++) {
                    if (t == 0) {
                        barrier_wait(rows_full + c * 8, parity);
                    }
                    barrier_wait(ring.full + centers.at * 8, centers.parity);
                    uint rows = x + (c * ChunkBytes >> 4);
                    uint stage = matrix_of_blocks(ring.values + centers.at * StageBytes, TileCenters * 16);
                    products_begin();
#pragma unroll
                    for (int s = 0; s < Steps; s++) {
                        multiply_add(sums, rows + (s * 2 * BlockPitch >> 4), stage + (s * 2 * TileCenters * 16 >> 4), c + s);
                    }
                    products_commit();
                    products_wait();
                    if (lane_id() == 0) {
                        barrier_arrive(ring.empty + centers.at * 8);
                        if (t == a.centers.tiles - 1) {
                            barrier_arrive(rows_empty + c * 8);
                        }
                    }
                    centers.next(a.stages);
                }
                to_scores(sums, (const float2*)state.half_squares[slot.at] + (lane_id() & 3), ratios);
                slot.next(slots);
                keep_best(best, sums, margins, t);
            }
            decide(a, best, margins, ratios, place);
        }
    }
}

GLOBAL BOUNDS(416, 1) void assign_hopper_192(AssignArgs a) { assign_tiles<3, 4>(a); }
GLOBAL BOUNDS(288, 1) void assign_hopper_128(AssignArgs a) { assign_tiles<2, 4>(a); }
GLOBAL BOUNDS(160, 1) void assign_hopper_64(AssignArgs a) { assign_tiles<1, 4>(a); }
