// Keeping the best of a tile of centres that four warps have multiplied with 64 rows: a thread has the scores of two rows with
// two of each eight centres.
#pragma once
#include "keys.cuh"

// The groups of a set in a tile.
template <int Width, int Places>
constexpr int Groups = Width / 8 / Sets * 2 / Places;

// The bits of a thread's score of a row: of a set, of a group, at a place.
template <int Width, int Places, int Row>
DEVICE int score_at(const float (&scores)[Width / 2], int set, int group, int place) {
    int number = group * Places + place;
    return (int)float_bits(scores[(number / 2 * Sets + set) * 4 + Row * 2 + number % 2]);
}

// The largest of each group.
template <int Width, int Places, int Row>
DEVICE void largest_of_groups(const float (&scores)[Width / 2], int (&largest)[Sets][Groups<Width, Places>]) {
#pragma unroll
    for (int s = 0; s < Sets; s++) {
#pragma unroll
        for (int g = 0; g < Groups<Width, Places>; g++) {
            auto at = [&](int place) { return score_at<Width, Places, Row>(scores, s, g, place); };
            largest[s][g] = at(0);
            if constexpr (Places > 1) {
                largest[s][g] = larger(largest[s][g], at(1));
            }
#pragma unroll
            for (int p = 2; p < Places; p += 2) {
                largest[s][g] = larger(larger(largest[s][g], at(p)), at(p + 1));
            }
        }
    }
}

// Keeps the largest at each place.
template <int Width, int Places, int Row>
DEVICE void keep_places(int (&places)[Places], const float (&scores)[Width / 2]) {
#pragma unroll
    for (int p = 0; Places > 1 && p < Places; p++) {
#pragma unroll
        for (int g = 0; g < Groups<Width, Places>; g++) {
            int first = score_at<Width, Places, Row>(scores, 0, g, p), second = score_at<Width, Places, Row>(scores, 1, g, p);
            places[p] = larger(larger(places[p], first), second);
        }
    }
}

// Keeps the best of a row.
template <int Width, int Places, int Row>
DEVICE void keep_row(RowBest<Places>& row, const int (&largest)[Sets][Groups<Width, Places>], const float (&scores)[Width / 2], uint factor, int tile) {
    constexpr int Count = Groups<Width, Places>;
    keep_places<Width, Places, Row>(row.places, scores);
#pragma unroll
    for (int s = 0; s < Sets; s++) {
        BestKeys& set = row.sets[s];
        int before = set.best;
#pragma unroll
        for (int g = 0; g + 1 < Count; g += 2) {
            set.keep(make_key(largest[s][g], factor, g), make_key(largest[s][g + 1], factor, g + 1));
        }
        if constexpr (Count % 2 == 1) {
            set.keep(make_key(largest[s][Count - 1], factor, Count - 1));
        }
        set.tile = set.best != before ? tile : set.tile;
    }
}

// The same for a row of few tiles.
template <int Width, int Tile, int Row, int Places, int Tiles>
DEVICE void keep_row(RowGrid<Places, Tiles, Width>& row, const float (&scores)[Width / 2]) {
    constexpr int Count = Groups<Width, Places>;
    int largest[Sets][Count];
    largest_of_groups<Width, Places, Row>(scores, largest);
#pragma unroll
    for (int i = 0; i < Sets * Count; i++) {
        row.groups[Tile * Sets * Count + i] = largest[i % Sets][i / Sets];
    }
    keep_places<Width, Places, Row>(row.places, scores);
}

// In the first tiles most rows still find a better centre. Later few scores come near the best so far, and of a tile where
// none does it is enough to know the largest: what is passed over is below the best by more than the margin.
constexpr int FirstTiles = 12;

template <int Width, int Places, int Row, bool Filter>
DEVICE void keep_best_of_row(RowBest<Places>& row, int& limit, const float (&scores)[Width / 2], int margin, uint factor, int tile) {
    constexpr int Count = Sets * Groups<Width, Places>;
    int largest[Sets][Count / Sets];
    largest_of_groups<Width, Places, Row>(scores, largest);
    if (!Filter || tile < FirstTiles) {
        keep_row<Width, Places, Row>(row, largest, scores, factor, tile);
        return;
    }
    int most = largest[0][0];
#pragma unroll
    for (int i = 1; i < Count; i++) {
        most = larger(most, largest[i % Sets][i / Sets]);
    }
    if (tile == FirstTiles || any_lane(most >= limit)) {
        keep_row<Width, Places, Row>(row, largest, scores, factor, tile);
        int high = larger(row.sets[0].best, row.sets[Sets - 1].best);
        high = larger(high, shuffle_xor(high, 1));
        high = larger(high, shuffle_xor(high, 2));
        // A row without a score in range is open whatever is kept.
        limit = high >= LeastKey ? bits_of_value(key_value(high)) - margin : NoKey;
    }
}

// `Filter`: whether later tiles are looked at that way, which wants registers: not where there are never so many.
template <int Width, bool Filter, int Places>
DEVICE void keep_best(RowBest<Places> (&best)[2], int (&limits)[2], const float (&scores)[Width / 2], const int (&margins)[2], uint factor, int tile) {
    keep_best_of_row<Width, Places, 0, Filter>(best[0], limits[0], scores, margins[0], factor, tile);
    keep_best_of_row<Width, Places, 1, Filter>(best[1], limits[1], scores, margins[1], factor, tile);
}
