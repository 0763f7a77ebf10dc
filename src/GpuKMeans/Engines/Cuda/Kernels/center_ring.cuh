// Tiles of centres that pass by in a ring of shared memory, each warp of a block going through them at its own pace, on any GPU.
#pragma once
#include <tensor.cuh>

// Each copy is made by one of the warps, in turn: as soon as it sees, between two tiles of its own, that all have left what was there
// before. So while some warps do other things the others go on, as far ahead as there are stages.
template <int Warps, uint TileBytes>
struct CenterRing {
    const char* tiles;
    int center_tiles;
    int stages;
    uint stages_at;         // then a barrier for each stage, that its tile is there, and one for each, that all have left it
    int turns;              // left, of tiles that the warp goes through
    int due;                // turns until it needs the next copy that it makes itself
    int stage = 0;
    uint parity = 0;

    // All threads of the block come here together.
    METHOD CenterRing(uint shared, int ring_stages, const void* first_tile, int tiles_of_centers, int rounds, int warp)
        : tiles((const char*)first_tile), center_tiles(tiles_of_centers), stages(ring_stages), stages_at(shared), turns(rounds * tiles_of_centers),
          due(warp) {
        if (thread_id() == 0) {
            for (int s = 0; s < stages; s++) {
                ring_barrier_init(there(s), 32);
                ring_barrier_init(left(s), Warps * 32);
            }
        }
        block_barrier();
        copy(0);
    }

    // Waits for a tile, that after the one before; where it is.
    METHOD uint wait(int tile) {
        copy(tile);
        ring_barrier_wait(there(stage), parity);
        return stage * TileBytes;
    }

    METHOD void leave() {
        ring_barrier_arrive(left(stage));
        turns--;
        due--;
        stage++;
        if (stage == stages) {
            stage = 0;
            parity ^= 1;
        }
    }

private:
    METHOD uint there(int of) const { return stages_at + stages * TileBytes + of * 8; }
    METHOD uint left(int of) const { return there(stages + of); }

    // Makes the copies that can be made, and waits to make the one that the warp needs now. Before it has itself left a stage, the parity
    // there may be that of an earlier turn.
    METHOD void copy(int tile) {
        while (due < turns && due < stages) {
            int to = stage + due, from = tile + due;
            uint before = parity ^ 1;
            if (to >= stages) {
                to -= stages;
                before ^= 1;
            }
            if (due == 0) {
                ring_barrier_wait(left(to), before);
            } else if (any_lane(!ring_barrier_passed(left(to), before))) {
                return;
            }
            while (from >= center_tiles) {
                from -= center_tiles;
            }
            for (uint i = lane_id() * 16; i < TileBytes; i += 32 * 16) {
                copy_async(stages_at + to * TileBytes + i, tiles + (int64)from * TileBytes + i);
            }
            ring_barrier_arrive_after_copies(there(to));
            due += Warps;
        }
    }
};
