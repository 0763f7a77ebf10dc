// Keeping the two best scores of a row, and deciding by them.
#pragma once
#include "assign.cuh"

constexpr float NoScore = -3e38f;

// What is left of a score when the centre's place, among those a thread sees of a tile, takes its last bits. As a
// register the compiler knows nothing about, so that marking is one instruction and not two: an instruction has room for
// one constant.
template <int Places>
DEVICE uint score_mask() {
    return ~(uint)(Places - 1) | (uint)block_id_z();
}

DEVICE float tagged(float score, uint mask, int place) { return bits_float((float_bits(score) & mask) | (uint)place); }

struct BestTwo {
    float best = NoScore;
    float second = NoScore;
    int tile = 0;

    METHOD void keep(float v0, float v1) {
        float high = larger(v0, v1), low = smaller(v0, v1);
        second = larger(larger(second, low), smaller(best, high));
        best = larger(best, high);
    }
};

DEVICE void merge_best(float& best, float& second, int& label, float other_best, float other_second, int other_label) {
    second = larger(smaller(best, other_best), larger(second, other_second));
    label = other_best > best ? other_label : label;
    best = larger(best, other_best);
}

// Writes a row's label, and lists the row if another centre may be the nearest.
DEVICE void label_row(const AssignArgs& a, int place, int label, float best, float second, float margin, float ratio) {
    a.labels[place] = label;
    if (!(best - second > margin)) {
        list_open(a, place, (best - margin) / ratio, AllClasses);
    }
}
