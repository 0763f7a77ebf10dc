// The rows of a batch by cluster, and their sums. Many rows are sorted and summed part by part, all parts at once: the second
// direction of a grid. What is kept of a part lies behind that of the part before.
#pragma once
#include "device.cuh"

DEVICE int own_part() { return block_id_y(); }

// How many of so many rows are in this part, or the last.
DEVICE int rows_of_part(int rows, int part, int part_rows) { return least(rows - part * part_rows, part_rows); }

// Clusters are summed in segments of so many rows. Each has a first one, perhaps empty; those after it come behind the
// first ones of all clusters.
constexpr int SegmentRows = 128;

struct Clusters {
    const int* places;      // of the part, sorted by label
    int* offsets;           // count + 1: where each cluster begins among them
    int* extras;            // count + 1: the segments after the first of the clusters before each
    double* sums;           // segments × dimension
    double* weights;        // segments
    int* finished;          // the segments of each cluster that are summed, of all parts; all 0 before and after
    int count;
    int part_rows;          // of each part but the last
    int parts;
    int part_segments;      // that a part has room for
};

// All but the sums, which segment_sums finds, and what is finished, which is of all parts.
DEVICE Clusters clusters_of_part(Clusters c, int part) {
    c.places += (int64)part * c.part_rows;
    c.offsets += (int64)part * (c.count + 1);
    c.extras += (int64)part * (c.count + 1);
    c.weights += (int64)part * c.part_segments;
    return c;
}

DEVICE int segments_of(int rows) { return rows <= SegmentRows ? 1 : (rows + SegmentRows - 1) / SegmentRows; }

DEVICE int segment_number(const Clusters& c, int cluster, int i) { return i == 0 ? cluster : c.count + c.extras[cluster] + i - 1; }
