// Squared distances from rows to every centre, as they are reported.
#include "rows.cuh"

struct DistancesArgs {
    Rows rows;
    const float* centers;
    float* distances;       // rows × centers
    int count;
};

// A warp keeps to eight rows, four lanes each, so that they stay in the cache while centres pass by.
GLOBAL BOUNDS(256, 2) void all_distances(DistancesArgs a) {
    int dimension = a.rows.dimension;
    int row = block_id() * 64 + warp_id() * 8 + (lane_id() >> 2);
    const float* x = row_values(a.rows, least(row, a.rows.count - 1));
    int end = least((block_id_y() + 1) * 64, a.count);
    for (int k = block_id_y() * 64; k < end; k++) {
        float distance = direct_distance(x, a.centers + (int64)k * dimension, dimension);
        if ((lane_id() & 3) == 0 && row < a.rows.count) {
            a.distances[(int64)row * a.count + k] = distance;
        }
    }
}
