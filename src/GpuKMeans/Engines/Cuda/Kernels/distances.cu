// Squared distances from rows to every centre, as they are reported.
#include "rows.cuh"

struct DistancesArgs {
    Rows rows;
    const float* centers;
    float* distances;       // rows × centers
    int count;
};

// A warp keeps to eight rows, four lanes each, so that they stay in the cache while centres pass by. Centres, which may be
// more than 64 × 65535, are numbered along the grid's long direction.
GLOBAL BOUNDS(256, 2) void all_distances(DistancesArgs a) {
    int dimension = a.rows.dimension;
    int row = block_id_y() * 64 + warp_id() * 8 + (lane_id() >> 2);
    const float* x = row_values(a.rows, least(row, a.rows.count - 1));
    int first = block_id() * 64, end = first + least(64, a.count - first);
    for (int k = first; k < end; k++) {
        float distance = direct_distance(x, a.centers + (int64)k * dimension, dimension);
        if ((lane_id() & 3) == 0 && row < a.rows.count) {
            a.distances[(int64)row * a.count + k] = distance;
        }
    }
}
