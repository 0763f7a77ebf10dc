// The rows of a batch by cluster, and their sums.
#pragma once
#include "device.cuh"

// Clusters are summed in segments of so many rows. Each has a first one, perhaps empty; those after it come behind the
// first ones of all clusters.
constexpr int SegmentRows = 128;

struct Clusters {
    const int* places;      // of the batch, sorted by label
    int* offsets;           // count + 1: where each cluster begins among them
    int* extras;            // count + 1: the segments after the first of the clusters before each
    double* sums;           // segments × dimension
    double* weights;        // segments
    int* finished;          // the segments of each cluster that are summed; all 0 before and after
    int count;
};

DEVICE int segments_of(int rows) { return rows <= SegmentRows ? 1 : (rows + SegmentRows - 1) / SegmentRows; }

DEVICE int segment_number(const Clusters& c, int cluster, int i) { return i == 0 ? cluster : c.count + c.extras[cluster] + i - 1; }
