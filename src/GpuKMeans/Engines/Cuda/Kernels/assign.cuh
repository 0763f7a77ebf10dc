// The arguments of assignment, and the one place where its error bound is written.
#pragma once
#include "rows.cuh"
#include "centers.cuh"

// Rows the fast pass could not decide go to a list, with room for a few candidates each.
struct Undecided {
    int* count;             // the entries of the list: rows whose candidates must be found, and rows whose are known; the
                            // second kind is listed from the end, which is as far away as there are rows. And the classes
                            // of centres, in all, among which the first kind has candidates
    int* count_next;        // the counters of the next part: 0 once the rows of this one are settled
    int* places;            // the place in the batch of each
    float* thresholds;      // the score a candidate must reach, in units of the centres' scale, or of the pass that listed the row and
                            // looks for them itself
    int* candidate_counts;  // more than MostCandidates: any centre may be the one
    int* candidates;        // MostCandidates for each entry; until some are found, the first two are its classes
};

constexpr int MostCandidates = 16;

// A centre's class is its number modulo this. Which classes have a row's candidates is known from where they were seen.
constexpr int Classes = 64;
constexpr uint64 AllClasses = ~0ull;

struct AssignArgs {
    Rows rows;
    Centers centers;
    Undecided undecided;
    int* labels;
    float* distances;           // may be null
    uint64* bad_row;            // takes the first place of a row that cannot be used
    half_bits* halves;          // rows rounded beforehand, or room for what blocks round
    float2* scales;             // their ratio and margin; or their length and what rounding took away
    int64 most_scanned;         // see is_scanned
    int stages;                 // of the ring that centres pass through, or rows too
    int parts;                  // blocks that share the centres for the same rows
};

constexpr float RelevantShare = 2.05f;

// Bounds over the centres whose scores may come near the largest of a row, by the row's length: see score_margin. The share grows with
// what sums of so many columns are off by.
struct Relevant {
    float norm;
    float residual;
    float half_square;
    float units;        // how often the unit of scores counts: see score_margin
};

DEVICE Relevant relevant_to(const Extremes& e, float row_norm, int columns) {
    float norm = smaller(bits_float(e.norm), (RelevantShare + (float)columns * 0x1p-21f) * (row_norm + least_of(e.shortest)));
    return {norm, smaller(bits_float(e.residual), bits_float(e.relative) * norm), smaller(bits_float(e.half_square), 0.5001f * norm * norm),
        norm < bits_float(e.norm) ? 2.0f : 1.0f};
}

// With X and C a row and a centre less the origin, in units of their scales, the fast pass takes for the score
// X·C − ½‖C‖² (the largest is the nearest) the value x·c − q·½‖C‖², where x and c are rounded to half precision, the
// products are exact, sums are float32 and q is the ratio of the scales. What it is off by is at most
//
//   ‖X − x‖·‖C‖ + ‖x‖·‖C − c‖                        by Cauchy and Schwarz, for the rounding
//   + (columns + 16)·2^-23·1.125·‖x‖·‖c‖              for the sums: 17 terms aligned and cut for each 16 columns
//   + 2^-17·(‖X‖·‖C‖ + q·½‖C‖²)                      for the rounding of the score, whose last bits, up to five, are used
//
// Two scores further apart than twice that are in their true order: that is the margin. It is infinite for rows that may be nearest to
// a centre that was left out. C is the longest centre, but none that is longer than RelevantShare of the row and the shortest centre S
// together: its score, at most ‖C‖·(‖X‖ − ½‖C‖), is less than the least that S can have, −‖S‖·(‖X‖ + ½‖S‖), and by more than what
// rounding and sums take from both. So the error of a longer centre does not matter, but for the units that scores are cut to: where
// there is one, those of its score and of that of S are added.
DEVICE float score_margin(const Extremes& e, float row_norm, float row_residual, float ratio, int padded_columns) {
    Relevant r = relevant_to(e, row_norm / ratio, padded_columns);
    float c = r.norm, lost = r.residual;
    float x = row_norm + row_residual;
    float sums = (float)(padded_columns + 16) * (1.125f * 0x1p-23f);
    float error = row_residual * c + x * lost + sums * x * (c + lost)
        + 0x1p-17f * (row_norm * c + ratio * r.half_square);
    // The norms are float32 sums themselves: allow for their rounding.
    float margin = 2 * error * (1.0005f + (float)padded_columns * 0x1p-24f) + 1e-30f;
    return row_norm < reach_of(e) * ratio ? margin : infinity();
}

// A sum of D squares of differences in float32, one after the other, is off from the true S by at most (D + 3)·2^-24·S, and by
// D·2^-149 for what underflows: each difference is off by 2^-24 of itself, and adding up by D·2^-24 of the sum, however large D is
// (Jeannerod and Rump, "Improved error bounds for inner products in floating-point arithmetic", 2013). A centre whose sum
// exceeds another's by more than twice that share of itself is farther in truth; the rest is for rounding the margin, and
// float64's sums.
DEVICE float direct_margin(float sum, int dimension) {
    return (float)(dimension + 4) * 0x1.01p-23f * sum + 1e-35f;
}

// Whether open rows are measured to the centres they may be nearest to, of so many classes in all, without looking for candidates: where
// these have no more values than that.
DEVICE bool is_scanned(const AssignArgs& a, int classes) {
    int64 of_class = (a.centers.count + Classes - 1) / Classes;
    return classes * of_class * a.rows.dimension <= a.most_scanned;
}

DEVICE bool is_scanned(const AssignArgs& a) { return is_scanned(a, a.undecided.count[2]); }

struct Opened {
    int entry;
    int classes;        // of all open rows listed so far
};

// Lists an open row. Minus infinity is reached by all centres, also by those that the fast pass leaves out: none are looked for.
DEVICE Opened list_open(const AssignArgs& a, int place, float threshold, uint64 classes) {
    int entry = atomic_add(a.undecided.count, 1), own = __builtin_popcountll(classes);
    int before = atomic_add(a.undecided.count + 2, own);
    a.undecided.places[entry] = place;
    a.undecided.thresholds[entry] = threshold;
    a.undecided.candidate_counts[entry] = threshold == -infinity() ? MostCandidates + 1 : 0;
    *(uint64*)(a.undecided.candidates + (int64)entry * MostCandidates) = classes;
    return {entry, before + own};
}

// Lists a row whose candidates are known; its entry.
DEVICE int list_known(const AssignArgs& a, int place, int candidates) {
    int entry = a.rows.count - 1 - atomic_add(a.undecided.count + 1, 1);
    a.undecided.places[entry] = place;
    a.undecided.candidate_counts[entry] = candidates;
    return entry;
}

// How a row is scaled, and the ratio of its scale to the centres'.
struct RowScale {
    float scale;
    float ratio;
    bool fits;  // false for rows too large beside the centres: their scores say nothing
};

DEVICE RowScale row_scale(float largest, int centers_exponent) {
    int own = largest > 0 ? 14 - exponent(largest) : 100;
    int ratio = own - centers_exponent;
    RowScale s;
    s.fits = ratio >= LeastRatioExponent;
    // Nor is the scale of tiny values beyond float32's range: it and the ratio must agree.
    ratio = clamp(ratio, LeastRatioExponent, least(MostRatioExponent, 127 - centers_exponent));
    s.ratio = power_of_two(ratio);
    s.scale = power_of_two(ratio + centers_exponent);
    return s;
}
