// Scores as integers, so that the two best are kept by integer minima and maxima, and where they were found rides along.
//
// A score is added to 1.5·2^24. As long as it is below 2^23 the sum lies in one binade: its bits, as an integer, are in the
// order of the scores, two units apart. Times 32 they lose no more than the sign and three bits of the exponent, which are
// always the same, and make room for the place of the centre among the 32 a thread sees of a tile. The multiplication and
// the addition are one instruction, in a unit that is otherwise idle. Scores that are no number, or minus infinity, have keys
// below zero, and zeros, which padding centres of short rows have, keys below those in range.
#pragma once
#include "assign.cuh"

constexpr float KeyOffset = 0x1.8p24f;
constexpr int KeyRangeExponent = 23;        // scores are below 2 to this
constexpr float KeyUnit = 2;
constexpr int NoKey = -0x7FFFFFFF - 1;
constexpr int LeastKey = 0x70000000;        // of keys of scores in range

DEVICE int larger(int a, int b) { return a > b ? a : b; }
DEVICE int smaller(int a, int b) { return a < b ? a : b; }

// 32, as a register the compiler knows nothing about, so that making a key is one instruction of the multiplier.
DEVICE uint key_factor() { return 32u | (uint)block_id_z(); }
DEVICE int make_key(int bits, uint factor, int place) { return (int)((uint)bits * factor + (uint)place); }
DEVICE int key_value(int key) { return key >> 5; }
DEVICE int key_place(int key) { return key & 31; }

struct BestKeys {
    int best = NoKey;
    int second = NoKey;
    int tile = 0;       // of the best

    METHOD void keep(int k0, int k1) {
        int high = larger(k0, k1), low = smaller(k0, k1);
        second = larger(larger(second, low), smaller(best, high));
        best = larger(best, high);
    }
};

// The margin of a row in units of keys; so large that it reaches all of them where it is too large, or no number.
constexpr int MostKeyMargin = 1 << 28;

DEVICE int key_margin(float margin) { return margin < 0x1p28f ? (int)(margin * (1 / KeyUnit)) + 2 : MostKeyMargin; }

// What four lanes that share a row have kept of it, brought together.
template <int Sets>
struct RowVerdict {
    int best;           // the key
    int label;
    int candidates;     // of this lane: a bit for each set whose best may be the nearest
    int before;         // candidates of the lanes before it
    int total;          // candidates of the four
    bool open;          // whether others than those may be
    bool all;           // any may be
};

// An open row's candidates lie among the centres of the sets whose best comes near: of each sixteen centres, lane and set have
// two. A bit for each of the eight sets goes where candidates will be listed.
DEVICE int set_bit(int set) { return 1 << (set * 4 + (lane_id() & 3)); }

DEVICE int sets_of_four(int own) {
    own |= shuffle_xor(own, 1);
    return own | shuffle_xor(own, 2);
}

template <int Sets, int TileCenters>
DEVICE RowVerdict<Sets> merge_keys(const BestKeys (&sets)[Sets], int margin, int count) {
    RowVerdict<Sets> v;
    int lane = lane_id() & 3;
    int second = NoKey;
    v.best = NoKey;
    v.label = 0;
#pragma unroll
    for (int s = 0; s < Sets; s++) {
        int place = key_place(sets[s].best);
        int label = sets[s].tile * TileCenters + place / 2 * 8 + lane * 2 + place % 2;
        v.label = sets[s].best > v.best ? label : v.label;
        v.best = larger(v.best, sets[s].best);
        second = larger(second, sets[s].second);
    }
#pragma unroll
    for (int mask = 1; mask <= 2; mask *= 2) {
        int other = shuffle_xor(v.best, mask), other_label = shuffle_xor(v.label, mask);
        v.label = other > v.best ? other_label : v.label;
        v.best = larger(v.best, other);
        second = larger(second, shuffle_xor(second, mask));
    }
    // Equal bests are both candidates; which of them the label is does not matter, but the lanes must agree.
    v.label = shuffle_first_of_four(v.label);
    bool valid = v.best >= LeastKey && margin < MostKeyMargin;
    v.label = v.label < count ? v.label : 0;
    int limit = key_value(v.best) - margin;
    v.all = !valid;
    v.open = !valid || (second >= LeastKey && key_value(second) >= limit);
    v.candidates = 0;
    int own = 0;
#pragma unroll
    for (int s = 0; s < Sets; s++) {
        bool near = sets[s].best >= LeastKey && key_value(sets[s].best) >= limit;
        v.candidates |= near ? 1 << s : 0;
        own += near ? 1 : 0;
    }
    int neighbour = shuffle_xor(own, 1);
    int pair = own + neighbour, other_pair = shuffle_xor(pair, 2);
    v.before = ((lane & 1) ? neighbour : 0) + ((lane & 2) ? other_pair : 0);
    v.total = pair + other_pair;
    return v;
}

// Labels a row, and lists it if it is not decided: with its candidates where they are known, else with the score they must
// reach, in units of the centres' scale. All lanes of the warp come here together.
template <int Sets, int TileCenters>
DEVICE int label_row(const AssignArgs& a, const BestKeys (&sets)[Sets], int margin, float ratio, bool fits, int place) {
    RowVerdict<Sets> v = merge_keys<Sets, TileCenters>(sets, margin, a.centers.count);
    bool first = (lane_id() & 3) == 0, exists = place < a.rows.count;
    bool listed = exists && (v.open || v.total > 1);
    if (first && exists) {
        a.labels[place] = v.label;
    }
    if (any_lane(listed)) {
        int entry = 0, near = 0;
#pragma unroll
        for (int s = 0; s < Sets; s++) {
            near |= v.candidates >> s & 1 ? set_bit(s) : 0;
        }
        near = sets_of_four(near);
        near = v.all ? AllSets : near;
        if (first && listed) {
            // From both ends: those whose candidates must be found, and those whose are known.
            entry = v.open ? atomic_add(a.undecided.count, 1) : a.rows.count - 1 - atomic_add(a.undecided.count + 1, 1);
            a.undecided.places[entry] = place;
            a.undecided.candidate_counts[entry] = v.open ? 0 : v.total;
            if (v.open) {
                float best = (float)(key_value(v.best) - key_value((int)(float_bits(KeyOffset) * 32))) * KeyUnit;
                a.undecided.thresholds[entry] = fits ? (best - (float)margin * KeyUnit) / ratio : -infinity();
                a.undecided.candidates[(int64)entry * MostCandidates] = near;
            }
        }
        entry = shuffle_first_of_four(entry);
        if (listed && !v.open) {
            int lane = lane_id() & 3, slot = v.before;
#pragma unroll
            for (int s = 0; s < Sets; s++) {
                if (v.candidates >> s & 1) {
                    int p = key_place(sets[s].best);
                    a.undecided.candidates[(int64)entry * MostCandidates + slot] =
                        sets[s].tile * TileCenters + p / 2 * 8 + lane * 2 + p % 2;
                    slot++;
                }
            }
        }
    }
    return v.label;
}
