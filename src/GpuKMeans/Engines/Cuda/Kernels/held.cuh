// The fast pass for rows of up to 128 values on any GPU: a warp holds 32 rows in its registers, rounded, in the order in which
// the tensor cores take them, and centres pass by: tiles of 128 in a ring of shared memory (center_ring.cuh), or all of them for good
// where they find room. Either way warps go on at their own pace, so that not all read rows at once.
//
// Few small blocks share a multiprocessor, so that while one warp reads rows others multiply and others look at scores. Looking
// at scores costs most: half squared lengths, the offset that makes a score an integer and the row's scale are columns of the
// product (see centers.cuh), which leaves maxima and few keys (see keys.cuh). More warps are better than more registers for each.
// Bringing the next rows to the second-level cache, and looking at more centres between two branches were no faster; nor are, up to
// 128 centres, rows of 64 values that bulk copies of Hopper bring to shared memory, for its products of four warps (hopper_shared.cuh).
#pragma once
#include "center_ring.cuh"
#include "held_search.cuh"

// The keys of held rows: scores lie in one binade (see keys.cuh), so that all of their bits but the last 23 are always the same.
// The 23 move up, to make room for nine that say which group of 512 a score belongs to. Padding centres have zeros.
constexpr int TagBits = 9;
constexpr int ZeroScore = 1 << 22;          // what key_score gives for a score of 0
constexpr int LeastScore = 128;             // scores are above this: see short_ratio
constexpr int NoScore = (1 << 23) - 1;      // none is as large

template <int Steps>
constexpr int TilesOfTags = (GroupCenters<Steps> << TagBits) / TileCenters;

template <int Steps>
constexpr int HeldPlaces = GroupCenters<Steps> / 8;      // at most 4

DEVICE uint larger(uint a, uint b) { return a > b ? a : b; }
DEVICE uint smaller(uint a, uint b) { return a < b ? a : b; }

// 2^TagBits, as a register the compiler knows nothing about, so that making a key is one instruction of the multiplier.
DEVICE uint tag_factor() { return (1u << TagBits) | (uint)block_id_z(); }
DEVICE int key_score(uint key) { return (int)(key >> TagBits); }

struct HeldSet {
    uint best = 0;
    uint second = 0;
    int round = 0;          // of 512 groups, of the best

    METHOD void keep(uint key) {
        second = larger(second, smaller(best, key));
        best = larger(best, key);
    }
};

// What a lane keeps of a row: see RowBest of keys.cuh.
template <int Steps>
struct HeldBest {
    HeldSet sets[Sets];
    uint places[HeldPlaces<Steps>] = {};    // bits of scores

    // Which of them reach some bits, a bit for each.
    METHOD uint places_from(uint limit) const {
        uint from = 0;
#pragma unroll
        for (int p = 0; p < HeldPlaces<Steps>; p++) {
            from |= places[p] >= limit ? 1u << p : 0;
        }
        return from;
    }
};

template <int Steps>
DEVICE int center_of(const HeldSet& set, int number, int place) {
    int group = set.round * (1 << TagBits) + (int)(set.best & ((1u << TagBits) - 1));
    return center_at<HeldPlaces<Steps>>(group, number, place);
}

// Keeps the best of a group.
template <int Steps>
DEVICE void keep_best(HeldBest<Steps> (&best)[4], const HeldRows<Steps>& rows, uint values_at, uint extra_at, uint factor, uint tag) {
    float sums[2][GroupCenters<Steps> / 8][4];
    multiply_group<Steps>(sums, rows, values_at, extra_at);
#pragma unroll
    for (int r = 0; r < 4; r++) {
        auto score = [&](int set, int place) { return float_bits(sums[r / 2][place / 2 * Sets + set][r % 2 * 2 + place % 2]); };
#pragma unroll
        for (int p = 0; p < HeldPlaces<Steps>; p++) {
            best[r].places[p] = larger(larger(best[r].places[p], score(0, p)), score(1, p));
        }
#pragma unroll
        for (int s = 0; s < Sets; s++) {
            uint largest = larger(score(s, 0), score(s, 1));
#pragma unroll
            for (int p = 2; p < HeldPlaces<Steps>; p++) {
                largest = larger(largest, score(s, p));
            }
            best[r].sets[s].keep(largest * factor + tag);
        }
    }
}

// Keeps the best of a tile.
template <int Steps>
DEVICE void keep_tile(HeldBest<Steps> (&best)[4], const HeldRows<Steps>& rows, uint values_at, uint extra_at, uint factor, int tile, int count) {
    constexpr int Centers = GroupCenters<Steps>, TileGroups = TileCenters / Centers;
    int groups = least((count - tile * TileCenters + Centers - 1) / Centers, TileGroups);
    // From a lane, so that it is a register of each.
    uint tag = (uint)shuffle_of_four(tile % TilesOfTags<Steps> * TileGroups, 0);
    for (int g = 0; g < groups; g++) {
        keep_best<Steps>(best, rows, values_at, extra_at, factor, tag);
        values_at += Centers * 16;
        extra_at += Centers * 16;
        tag++;
    }
}

// Of four values a lane, the largest over the four lanes of a quad, each lane gets one.
DEVICE int share_largest(const int (&v)[4]) {
    bool odd = lane_id() & 1, high = lane_id() & 2;
    int first = larger(odd ? v[1] : v[0], shuffle_xor(odd ? v[0] : v[1], 1));
    int second = larger(odd ? v[3] : v[2], shuffle_xor(odd ? v[2] : v[3], 1));
    return larger(high ? second : first, shuffle_xor(high ? first : second, 2));
}

// A lane that has seen more candidates of a row than it can name counts as so many more: too many for a row, and in a byte even four times.
constexpr int HeldUnnamed = MostCandidates + 1;

// Labels the warp's rows, and lists those that are not decided, as label_rows does. `open_classes` takes those of all open rows listed
// up to the last of the lane. `Searches`: open rows are marked for search_held.
template <int Steps, bool Searches>
DEVICE int label_held(const AssignArgs& a, const HeldBest<Steps> (&best)[4], const HeldRows<Steps>& rows, int place, int& open_classes) {
    bool odd = lane_id() & 1, high = lane_id() & 2;
    int scores[4];
#pragma unroll
    for (int r = 0; r < 4; r++) {
        scores[r] = key_score(larger(best[r].sets[0].best, best[r].sets[1].best));
    }
    int score = share_largest(scores);

    // Scores that are no number come of rows or centres whose margin is none either.
    bool valid = rows.margin < MostKeyMargin;
    int limit = valid ? larger(score - rows.margin, LeastScore) : NoScore;

    // At which places of which sets the lane has candidates, and how many, a byte for each row. What is the only candidate of a quad is
    // that of one lane, and at the place of the best.
    int own = 0, only[4];
    uint near_sets = 0, near_places = 0;
#pragma unroll
    for (int r = 0; r < 4; r++) {
        uint row_limit = (uint)shuffle_of_four(limit, r), sets = 0, places = best[r].places_from(row_limit + LeastBits);
        bool unnamed = false;
#pragma unroll
        for (int s = 0; s < Sets; s++) {
            sets |= best[r].sets[s].best >= row_limit << TagBits ? 1u << s : 0;
            unnamed |= best[r].sets[s].second >= row_limit << TagBits;
        }
        int count = __builtin_popcount(sets) * __builtin_popcount(places);
        // The number of the only place, without a search: so there is no branch, and all rows are worked out at once.
        int center = center_of<Steps>(sets >> 1 ? best[r].sets[1] : best[r].sets[0], (int)sets >> 1, (int)((places >> 1) - (places >> 3)) & 3);
        only[r] = count == 1 ? center : 0;
        own += (unnamed ? count + HeldUnnamed : count) << r * 8;
        near_sets |= sets << r * 8;
        near_places |= places << r * 8;
    }
    int label = share_largest(only);
    label = label < a.centers.count ? label : 0;
    int neighbour = shuffle_xor(own, 1);
    int pair = own + neighbour, other_pair = shuffle_xor(pair, 2);
    int total = (pair + other_pair) >> (lane_id() & 3) * 8 & 255;

    int row = place + (lane_id() & 3) * 8;
    bool exists = row < a.rows.count;
    bool open = exists && (!valid || total > MostCandidates), known = exists && !open && total > 1;
    if (exists) {
        a.labels[row] = label;
    }
    if (any_lane(known)) {
        int entry = known ? list_known(a, row, total) : -1, before = (odd ? neighbour : 0) + (high ? other_pair : 0);
        auto name = [&](int row_entry, int slot, int center) {
            // Padding may be at a place and in a set that have candidates. Any centre may stand in for it.
            a.undecided.candidates[(int64)row_entry * MostCandidates + slot] = least(center, a.centers.count - 1);
        };
        bool several = false;
#pragma unroll
        for (int r = 0; r < 4; r++) {
            int row_entry = shuffle_of_four(entry, r), count = own >> r * 8 & 255;
            if (row_entry >= 0 && count == 1) {
                name(row_entry, before >> r * 8 & 255, only[r]);
            }
            several |= row_entry >= 0 && count > 1;
        }
        if (any_lane(several)) {
#pragma unroll
            for (int r = 0; r < 4; r++) {
                int row_entry = shuffle_of_four(entry, r), slot = before >> r * 8 & 255;
                bool named = row_entry < 0 || (own >> r * 8 & 255) == 1;
#pragma unroll
                for (int s = 0; s < Sets; s++) {
                    for (uint left = !named && near_sets >> (r * 8 + s) & 1 ? near_places >> r * 8 & 255 : 0; left; left &= left - 1) {
                        name(row_entry, slot++, center_of<Steps>(best[r].sets[s], s, __builtin_ctz(left)));
                    }
                }
            }
        }
    }
    if (any_lane(open)) {
        uint64 own_classes = AllClasses;
#pragma unroll
        for (int r = 0; r < 4; r++) {
            uint64 classes = classes_at<HeldPlaces<Steps>>(near_sets >> r * 8 & 255, near_places >> r * 8 & 255);
            classes |= shuffle_xor(classes, 1);
            classes |= shuffle_xor(classes, 2);
            own_classes = valid && (lane_id() & 3) == r ? classes : own_classes;
        }
        if (open) {
            float best_score = (float)(score - ZeroScore) * KeyUnit;
            float threshold = Searches ? (float)limit : (best_score - (float)rows.margin * KeyUnit) / rows.ratio;
            Opened opened = list_open(a, row, valid ? threshold : -infinity(), own_classes);
            if (Searches && valid) {
                a.labels[row] = label_of_entry(opened.entry);
            }
            open_classes = opened.classes;
        }
    }
    return label;
}

// Squared distances to the centres just found, while the rows are still in the cache.
DEVICE void measure_held(const AssignArgs& a, int label, int place) {
    const float* x[4];
    const float* centers[4];
#pragma unroll
    for (int r = 0; r < 4; r++) {
        x[r] = row_values(a.rows, least(place + r * 8, a.rows.count - 1));
        centers[r] = a.centers.values + (int64)shuffle_of_four(label, r) * a.rows.dimension;
    }
    float distances[4];
    direct_distances(distances, x, centers, a.rows.dimension);
    int own = lane_id() & 3, row = place + own * 8;
    float low = own & 1 ? distances[1] : distances[0], high = own & 1 ? distances[3] : distances[2];
    if (row < a.rows.count) {
        a.distances[row] = own & 2 ? high : low;
    }
}

// A set of all rounds so far. These are kept in memory, for registers are of more use to one round: what lies at places the compiler does
// not know is no register.
struct SavedSet {
    uint best;
    uint second;
    int round;
};

template <int Steps>
DEVICE void save_round(HeldBest<Steps> (&best)[4], SavedSet (&saved)[4 * Sets], int round) {
#pragma unroll
    for (int i = 0; i < 4 * Sets; i++) {
        HeldSet& set = best[i / Sets].sets[i % Sets];
        SavedSet& all = saved[i + block_id_z()];
        uint before = round > 0 ? all.best : 0, second = round > 0 ? all.second : 0;
        all.second = larger(larger(second, set.second), smaller(before, set.best));
        if (set.best > before || round == 0) {
            all.best = set.best;
            all.round = round;
        }
        set = {};
    }
}

template <int Steps>
DEVICE void restore(HeldBest<Steps> (&best)[4], const SavedSet (&saved)[4 * Sets]) {
#pragma unroll
    for (int i = 0; i < 4 * Sets; i++) {
        const SavedSet& all = saved[i + block_id_z()];
        best[i / Sets].sets[i % Sets] = {all.best, all.second, all.round};
    }
}

// Blocks of a multiprocessor, or else the warps of a block, begin one after another, so that not all read rows at once, all the time.
// Few rows are read once.
template <int Steps, int Groups>
DEVICE void begin_apart(int group, int own_tiles) {
    constexpr int LeastTiles = 4, Ticks = Steps * 2500;
    uint begun = ticks(), late = (uint)((group * grid_blocks() + block_id()) * Ticks / (Groups * grid_blocks()));
    while (own_tiles > LeastTiles && ticks() - begun < late) {
    }
}

// All tiles of centres, in shared memory for good.
template <int Warps, uint TileBytes>
struct AllCenters {
    bool there = false;

    METHOD AllCenters(uint shared, const AssignArgs& a) {
        for (uint i = thread_id() * 16; i < a.centers.tiles * TileBytes; i += Warps * 32 * 16) {
            copy_async(shared + i, (const char*)a.centers.tiles_of_halves + i);
        }
        copy_commit();
    }

    METHOD void wait() {
        if (!there) {
            copy_wait<0>();
            block_barrier();
            there = true;
        }
    }
};

// `All`: all tiles of centres find room. Else they pass by in a ring.
template <int Steps, int Warps, bool All>
DEVICE void assign_held(const AssignArgs& a) {
    constexpr uint TileBytes = HeldTileBytes<Steps>;
    constexpr int Groups = Warps / 4;       // of four warps, one for each part of a multiprocessor
    DYNAMIC_SHARED(shared, 128);
    uint at = shared_address(shared), values_at = lane_values(at), extra_at = lane_extra(at), factor = tag_factor();
    int center_tiles = a.centers.tiles, tiles = (a.rows.count + Warps * HeldRowsOfWarp - 1) / (Warps * HeldRowsOfWarp);
    int own_tiles = (tiles - block_id() + grid_blocks() - 1) / grid_blocks();
    int warp = shuffle(warp_id(), 0);
    auto centers = [&]() {
        if constexpr (All) {
            return AllCenters<Warps, TileBytes>(at, a);
        } else {
            return CenterRing<Warps, TileBytes>(at, a.stages, a.centers.tiles_of_halves, center_tiles, own_tiles, warp);
        }
    }();
    begin_apart<Steps, Groups>(warp / 4, own_tiles);
    int open_classes = 0;
    for (int tile = block_id(); tile < tiles; tile += grid_blocks()) {
        int place = (tile * Warps + warp) * HeldRowsOfWarp + (lane_id() >> 2);
        HeldRows<Steps> rows = hold_rows<Steps>(a, place);
        HeldBest<Steps> best[4];
        if constexpr (All) {
            centers.wait();
            for (uint t = 0, tile_at = 0; (int)t < center_tiles; t++, tile_at += TileBytes) {
                keep_tile<Steps>(best, rows, values_at + tile_at, extra_at + tile_at, factor, (int)t, a.centers.count);
            }
        } else {
            SavedSet saved[4 * Sets];
            int round = 0;
            for (int t = 0; t < center_tiles; round++) {
                for (int end = least(t + TilesOfTags<Steps>, center_tiles); t < end; t++) {
                    uint stage = centers.wait(t);
                    keep_tile<Steps>(best, rows, values_at + stage, extra_at + stage, factor, t, a.centers.count);
                    centers.leave();
                }
                // Most often one round is all.
                if (round > 0 || t < center_tiles) {
                    save_round(best, saved, round);
                }
            }
            if (round > 1) {
                restore(best, saved);
            }
        }
        int label = label_held<Steps, All>(a, best, rows, place, open_classes);
        if (a.distances) {
            measure_held(a, label, place);
        }
    }
    // Where all rows listed as open up to the last of this warp are soon measured, settling does that.
    if (All && any_lane(!is_scanned(a, open_classes))) {
        search_held<Steps, Warps>(a.rows.values, a.rows.index, a.rows.start, a.rows.dimension, a.rows.count, a.centers.origin, a.centers.extremes,
            a.centers.count, a.labels, a.undecided.thresholds, a.undecided.candidate_counts, a.undecided.candidates);
    }
}
