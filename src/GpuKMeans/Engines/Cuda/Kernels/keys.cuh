// Scores as integers, so that the two best are kept by integer minima and maxima, and where they were found rides along.
//
// A score is added to 1.5·2^24. As long as it is below 2^23 the sum lies in one binade: its bits, as an integer, are in the
// order of the scores, two units apart. Times 32 they lose no more than the sign and three bits of the exponent, which are
// always the same, and make room for the number of a group of centres, of up to 32 a thread sees of a tile. The multiplication and
// the addition are one instruction, in a unit that is otherwise idle. Scores that are no number, or minus infinity, have keys
// below zero, and zeros, which padding centres of short rows have, keys below those in range.
#pragma once
#include "assign.cuh"

constexpr float KeyOffset = 0x1.8p24f;
constexpr int KeyRangeExponent = 23;        // scores are below 2 to this
constexpr float KeyUnit = 2;
constexpr int NoKey = -0x7FFFFFFF - 1;
constexpr int LeastKey = 0x70000000;        // of keys of scores in range
constexpr int LeastBits = 0x4B800000;       // of the bits of their sums

DEVICE int larger(int a, int b) { return a > b ? a : b; }
DEVICE int smaller(int a, int b) { return a < b ? a : b; }

// 32, as a register the compiler knows nothing about, so that making a key is one instruction of the multiplier.
DEVICE uint key_factor() { return 32u | (uint)block_id_z(); }
DEVICE int make_key(int bits, uint factor, int group) { return (int)((uint)bits * factor + (uint)group); }
DEVICE int key_value(int key) { return key >> 5; }
DEVICE int key_group(int key) { return key & 31; }

// The bits of a sum, from the value of its key.
DEVICE int bits_of_value(int value) { return value + (LeastBits - (LeastKey >> 5)); }

// The best of a set of scores and the second best, of those that are shown to it.
struct BestKeys {
    int best = NoKey;
    int second = NoKey;
    int tile = 0;       // of the best

    METHOD void keep(int key) {
        second = larger(second, smaller(best, key));
        best = larger(best, key);
    }

    METHOD void keep(int k0, int k1) {
        int high = larger(k0, k1), low = smaller(k0, k1);
        second = larger(larger(second, low), smaller(best, high));
        best = larger(best, high);
    }
};

// The sets in which a lane keeps the best apart, of every other eight centres: the more, the fewer rows stay open.
constexpr int Sets = 2;

// What a lane keeps of a row. It sees the scores of a set in groups, in which each has a place. Only the largest of a group is made
// a key; and the largest at each place, of all groups, is kept as it is. Two scores near the best are in different groups, and then
// both show among the keys, or at different places, and then they show there: so nothing near the best goes unseen, though the
// second best is not kept of all. Each score is looked at twice, but two in one instruction: with eight places that is less than
// half the instructions of keeping two of all, which is what one place comes to, and wants the fewest registers.
template <int Places>
struct RowBest {
    BestKeys sets[Sets];
    int places[Places];

    METHOD RowBest() {
#pragma unroll
        for (int p = 0; p < Places; p++) {
            places[p] = NoKey;
        }
    }
};

// A lane has two of each eight centres. The centres of a group lie next to one another but for those of the other set.
template <int Places>
DEVICE int center_at(int group, int set, int place) {
    int number = group * Places + place;
    return (number / 2 * Sets + set) * 8 + (lane_id() & 3) * 2 + number % 2;
}

// What a lane keeps of a row where there are so few tiles that the largest of each group finds a register: no keys are made, and every
// candidate can be named. Groups of the two sets are in turn.
template <int Places, int Tiles, int TileCenters>
struct RowGrid {
    static constexpr int TileGroups = TileCenters / 4 / Places;
    int groups[Tiles * TileGroups];
    int places[Places];

    METHOD RowGrid() {
#pragma unroll
        for (int p = 0; p < Places; p++) {
            places[p] = NoKey;
        }
    }

    METHOD static int center(int group, int place) {
        return group / TileGroups * TileCenters + center_at<Places>(group % TileGroups / Sets, group % Sets, place);
    }
};

// The classes of the centres at some places of some sets.
template <int Places>
DEVICE uint64 classes_at(uint sets, uint places) {
    uint64 classes = 0;
#pragma unroll
    for (int s = 0; s < Sets; s++) {
        for (uint left = sets >> s & 1 ? places : 0; left; left &= left - 1) {
            classes |= 1ull << center_at<Places>(0, s, __builtin_ctz(left));
        }
    }
    if constexpr (Places == 1) {
        classes |= classes << 1;    // one place is both of two neighbours
    }
#pragma unroll
    for (int centers = (Places == 1 ? 2 : Places) * 4 * Sets; centers < Classes; centers *= 2) {
        classes |= classes << centers;
    }
    return classes;
}

// The margin of a row in units of keys; so large that it reaches all of them where it is too large, or no number.
constexpr int MostKeyMargin = 1 << 28;

DEVICE int key_margin(float margin) { return margin < 0x1p28f ? (int)(margin * (1 / KeyUnit)) + 2 : MostKeyMargin; }

// What four lanes that share a row have kept of it, brought together.
struct RowVerdict {
    int best;           // the value of its key
    int label;          // of a row that is decided; of others any
    uint groups;        // of this lane: a bit for each set, or each group of a grid, whose best may be the nearest
    uint places;        // of this lane: a bit for each place where such a score is; candidates are at any of them, in any of the groups
    int before;         // candidates of the lanes before it, of a row that is not open
    int total;          // candidates of the four; more than MostCandidates also where others than those it knows may be the nearest
    bool all;           // any centre may be

    METHOD bool open() const { return total > MostCandidates; }
};

// A lane that has seen more candidates than it can name counts as so many more.
constexpr int Unnamed = 256;

// The least value of what may be the nearest, once the best of the lane is known.
DEVICE int begin_verdict(RowVerdict& v, int best, int margin) {
    v.best = best;
    v.best = larger(v.best, shuffle_xor(v.best, 1));
    v.best = larger(v.best, shuffle_xor(v.best, 2));
    constexpr int Least = LeastKey >> 5, Values = 1 << KeyRangeExponent;
    v.all = (uint)(v.best - Least) >= (uint)Values || margin >= MostKeyMargin;
    return larger(v.best - margin, Least);
}

// Counts the candidates of the four lanes. What is the only one of all is that of one lane, and at the place of the best.
DEVICE void end_verdict(RowVerdict& v, int own, int label, bool unnamed) {
    int lane = lane_id() & 3;
    v.label = own == 1 ? label : 0;
    own += unnamed ? Unnamed : 0;
    int neighbour = shuffle_xor(own, 1);
    v.label = larger(v.label, shuffle_xor(v.label, 1));
    int pair = own + neighbour, other_pair = shuffle_xor(pair, 2);
    v.label = larger(v.label, shuffle_xor(v.label, 2));
    v.before = ((lane & 1) ? neighbour : 0) + ((lane & 2) ? other_pair : 0);
    v.total = pair + other_pair;
}

template <int Places, int TileCenters>
DEVICE RowVerdict judge(const RowBest<Places>& row, int margin, int count) {
    RowVerdict v;
    int limit = begin_verdict(v, key_value(larger(row.sets[0].best, row.sets[Sets - 1].best)), margin);
    int key_limit = limit << 5, bits_limit = bits_of_value(limit);
    v.groups = 0;
    v.places = 0;
    bool unnamed = v.all;
#pragma unroll
    for (int s = 0; s < Sets; s++) {
        v.groups |= row.sets[s].best >= key_limit ? 1u << s : 0;
        unnamed |= row.sets[s].second >= key_limit;
    }
#pragma unroll
    for (int p = 0; p < Places; p++) {
        v.places |= Places == 1 || row.places[p] >= bits_limit ? 1u << p : 0;
    }
    int own = __builtin_popcount(v.groups) * __builtin_popcount(v.places);
    int set = (int)v.groups >> 1, tile = set ? row.sets[Sets - 1].tile : row.sets[0].tile, key = set ? row.sets[Sets - 1].best : row.sets[0].best;
    int label = tile * TileCenters + center_at<Places>(key_group(key), set, __builtin_ctz(v.places | 1u << Places));
    end_verdict(v, own, label < count ? label : 0, unnamed);
    return v;
}

template <int Places, int TileCenters, int Tiles>
DEVICE RowVerdict judge(const RowGrid<Places, Tiles, TileCenters>& row, int margin, int count) {
    constexpr int Groups = Tiles * RowGrid<Places, Tiles, TileCenters>::TileGroups;
    RowVerdict v;
    int best = larger(row.groups[0], row.groups[1]);
#pragma unroll
    for (int g = 2; g < Groups; g += 2) {
        best = larger(larger(best, row.groups[g]), row.groups[g + 1]);
    }
    int bits_limit = bits_of_value(begin_verdict(v, (int)((uint)best - (uint)bits_of_value(0)), margin));
    v.groups = 0;
    v.places = 0;
#pragma unroll
    for (int g = 0; g < Groups; g++) {
        v.groups |= row.groups[g] >= bits_limit ? 1u << g : 0;
    }
#pragma unroll
    for (int p = 0; p < Places; p++) {
        v.places |= row.places[p] >= bits_limit ? 1u << p : 0;
    }
    int own = __builtin_popcount(v.groups) * __builtin_popcount(v.places);
    int label = row.center(__builtin_ctz(v.groups | 1u << Groups), __builtin_ctz(v.places | 1u << Places));
    end_verdict(v, own, label < count ? label : 0, v.all);
    return v;
}

// The numbers of the lane's candidates. Padding may be at a place and in a group that have candidates: any centre may stand in for it.
template <int Places, int TileCenters>
DEVICE void name_candidates(int* to, const RowBest<Places>& row, const RowVerdict& v, int count) {
#pragma unroll
    for (int s = 0; s < Sets; s++) {
        for (uint left = v.groups >> s & 1 ? v.places : 0; left; left &= left - 1) {
            int center = row.sets[s].tile * TileCenters + center_at<Places>(key_group(row.sets[s].best), s, __builtin_ctz(left));
            *to++ = least(center, count - 1);
        }
    }
}

template <int Places, int TileCenters, int Tiles>
DEVICE void name_candidates(int* to, const RowGrid<Places, Tiles, TileCenters>& row, const RowVerdict& v, int count) {
    for (uint group = v.groups; group; group &= group - 1) {
        for (uint left = v.places; left; left &= left - 1) {
            *to++ = least(row.center(__builtin_ctz(group), __builtin_ctz(left)), count - 1);
        }
    }
}

// The sets that groups with candidates are of.
template <int Places>
DEVICE uint sets_of(const RowBest<Places>&, uint groups) { return groups; }

template <int Places, int TileCenters, int Tiles>
DEVICE uint sets_of(const RowGrid<Places, Tiles, TileCenters>&, uint groups) { return (groups & 0x55555555 ? 1 : 0) | (groups & 0xAAAAAAAA ? 2 : 0); }

// Lists a row that is not decided: with its candidates where they are known, else with the score they must reach, in units of the centres'
// scale, and their classes. All lanes of the warp come here together.
template <int Places, int TileCenters, typename Row>
DEVICE void list_row(const AssignArgs& a, const Row& row, const RowVerdict& v, int margin, float ratio, int place) {
    bool first = (lane_id() & 3) == 0, exists = place < a.rows.count;
    bool open = exists && v.open(), known = exists && !v.open() && v.total > 1;
    if (any_lane(known)) {
        int entry = shuffle_first_of_four(first && known ? list_known(a, place, v.total) : 0);
        if (known) {
            int* to = a.undecided.candidates + (int64)entry * MostCandidates + v.before;
            name_candidates<Places, TileCenters>(to, row, v, a.centers.count);
        }
    }
    if (any_lane(open)) {
        uint64 classes = v.all ? AllClasses : classes_at<Places>(sets_of(row, v.groups), v.places);
        classes |= shuffle_xor(classes, 1);
        classes |= shuffle_xor(classes, 2);
        if (first && open) {
            float best = (float)(v.best - key_value((int)(float_bits(KeyOffset) * 32))) * KeyUnit;
            list_open(a, place, v.all ? -infinity() : (best - (float)margin * KeyUnit) / ratio, classes);
        }
    }
}

// Labels some rows, eight places apart, and lists those that are not decided. All lanes of the warp come here together.
template <int Places, int TileCenters, int Count, typename Row>
DEVICE void label_rows(const AssignArgs& a, const Row (&rows)[Count], const int (&margins)[Count], float ratio, int place, int (&labels)[Count]) {
    RowVerdict verdicts[Count];
    bool undecided = false;
#pragma unroll
    for (int r = 0; r < Count; r++) {
        verdicts[r] = judge<Places, TileCenters>(rows[r], margins[r], a.centers.count);
        labels[r] = verdicts[r].label;
        bool exists = place + r * 8 < a.rows.count;
        if ((lane_id() & 3) == 0 && exists) {
            a.labels[place + r * 8] = labels[r];
        }
        undecided |= exists && verdicts[r].total > 1;
    }
    if (any_lane(undecided)) {
#pragma unroll
        for (int r = 0; r < Count; r++) {
            list_row<Places, TileCenters>(a, rows[r], verdicts[r], margins[r], ratio, place + r * 8);
        }
    }
}
