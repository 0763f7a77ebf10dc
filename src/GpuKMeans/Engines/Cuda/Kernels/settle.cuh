// The last word on a row that the fast pass left undecided: the lowest-numbered centre at the least float64 distance. Float32
// distances decide where they are further apart than their own error; few rows are left for float64.
#pragma once
#include "assign.cuh"

// RowCheck.LargestSquaredNorm: a row farther than this from every centre holds no number, or is too large.
constexpr float LargestSquaredNorm = 0x1.fffffep123f;

// Distances that are not small beside this are decided in float64, where there is room for any float32.
constexpr float LargestPlainDistance = 0x1p100f;
constexpr float NoDistance = 0x1p126f;

// Whether one direct distance is certainly less than another. Each is off by at most (terms + 10)·2^-24 of itself: a difference,
// its square, and sums of up to so many terms and one (more than two only from 16 columns on) with a tree of no more than seven; and
// by what underflows, less than 2^-149 a term.
DEVICE bool is_certainly_less(float distance, float other, int terms) {
    float share = (float)(terms + 16) * 0x1p-24f;
    return distance <= LargestPlainDistance && other - distance > share * (other + distance) + 0x1p-120f;
}

// What is rare is called, so that the rest of the code lies close together: it comes from memory each time, and is waited for line by line.
CALLED float called_distance(const float* x, const float* c, int dimension) { return direct_distance(x, c, dimension); }

// A row that is settled, and where what is found goes.
struct Unsettled {
    const float* row;
    const float* centers;
    int dimension;
    int count;              // of all centres
    int* label;
    float* distance;        // null where it is not asked for
    uint64* bad_row;
    int64 number;           // the row's, for that

    METHOD Unsettled(const AssignArgs& a, int place)
        : row(row_values(a.rows, place)), centers(a.centers.values), dimension(a.rows.dimension), count(a.centers.count), label(a.labels + place),
          distance(a.distances ? a.distances + place : nullptr), bad_row(a.bad_row), number(a.rows.before + place) {}

    METHOD const float* center(int k) const { return centers + (int64)k * dimension; }

    // By one of the lanes that share it; but the distance to a centre all of them measure, in the order of sums that is reported.
    METHOD void write(int nearest, bool writes) const {
        float apart = distance ? called_distance(row, center(nearest), dimension) : 0;
        if (writes) {
            *label = nearest;
            if (distance) {
                *distance = apart;
            }
        }
    }
};

// The centres that may be nearest to a row: some that are listed, those of some classes, or all.
struct Choice {
    const int* listed;              // null where they are not
    const unsigned char* classes;   // null for all
    int each;                       // classes
    uint share;                     // a little more than 2^19 / each
    int count;                      // centres, with some behind the last where the last class is not full
    int last;                       // of all centres, where those of classes are meant

    // Of classes. For less than 2^12 + 2^8, which makes the quotient exact.
    METHOD int number(int i) const {
        int round = (int)((uint)i * share >> 19);
        return round * Classes + classes[i - round * each];
    }
    // Whether there is such a centre, whose number is k.
    METHOD bool has(int i, int k) const { return i < count && k <= last; }
    METHOD int center(int i) const { return listed ? listed[i] : classes ? least(number(i), last) : i; }   // repeats the last
};

DEVICE Choice listed_centers(const int* listed, int count) { return {listed, nullptr, 0, 0, count, 0}; }
DEVICE Choice all_centers(int count) { return {nullptr, nullptr, 0, 0, count, 0}; }

DEVICE void keep_nearest(double& nearest, int& label, double distance, int center) {
    bool nearer = distance < nearest || (distance == nearest && center < label);
    nearest = nearer ? distance : nearest;
    label = nearer ? center : label;
}

struct Nearest {
    double distance;
    int label;
};

// The nearest of some centres: of those that so many warps leave to this one. Eight lanes a centre, or for short rows a lane; all
// lanes get the result.
CALLED Nearest exactly_nearest(Unsettled u, Choice choice, int warp, int warps) {
    Nearest n = {__builtin_inf(), u.count - 1};
    if (u.dimension < 16) {
        for (int c = warp * 32 + lane_id(); c < choice.count; c += warps * 32) {
            int k = choice.center(c);
            keep_nearest(n.distance, n.label, exact_distance_of_few(u.row, u.center(k), u.dimension), k);
        }
    } else {
        for (int first = warp * 4; first < choice.count; first += warps * 4) {
            // Lanes that have no centre repeat the last.
            int k = choice.center(least(first + (lane_id() >> 3), choice.count - 1));
            keep_nearest(n.distance, n.label, exact_distance(u.row, u.center(k), u.dimension), k);
        }
    }
#pragma unroll
    for (int mask = 1; mask <= 16; mask *= 2) {
        double other = shuffle_xor(n.distance, mask);
        keep_nearest(n.distance, n.label, other, shuffle_xor(n.label, mask));
    }
    return n;
}

// Writes what float64 has found for a row; `writes`: one of the lanes that share it.
DEVICE void write_exactly(const Unsettled& u, const Nearest& n, bool writes) {
    if (writes && !(n.distance <= LargestSquaredNorm)) {
        report_bad_row(u.bad_row, u.number);
    }
    u.write(n.label, writes);
}

// (x − c)² added in float64.
DEVICE double add_square(float x, float c, double sum) {
    double d = (double)x - c;
    return __builtin_fma(d, d, sum);
}

// Distances of a row to two centres, by so many lanes together, in float32, no further off than is_certainly_less has it, or in float64.
// All of them get both.
template <int Lanes, typename Real>
DEVICE void near_distances(Real (&distances)[2], const float* x, const float* const (&c)[2], int dimension) {
    int lane = lane_id() & (Lanes - 1);
    Real sums[2][4] = {};
    if (dimension % 4 == 0) {
        // So many columns are read before the first are used: each read is a wait.
        constexpr int Together = 4;
        for (int first = lane * 4; first < dimension; first += Lanes * 4 * Together) {
            float4 v[Together], w[2][Together];
#pragma unroll
            for (int i = 0; i < Together; i++) {
                int d = first + i * Lanes * 4;
                v[i] = w[0][i] = w[1][i] = float4{};
                if (d < dimension) {
                    v[i] = load4(x + d);
                    w[0][i] = load4(c[0] + d);
                    w[1][i] = load4(c[1] + d);
                }
            }
#pragma unroll
            for (int i = 0; i < Together; i++) {
#pragma unroll
                for (int j = 0; j < 2; j++) {
                    sums[j][0] = add_square(v[i].x, w[j][i].x, sums[j][0]);
                    sums[j][1] = add_square(v[i].y, w[j][i].y, sums[j][1]);
                    sums[j][2] = add_square(v[i].z, w[j][i].z, sums[j][2]);
                    sums[j][3] = add_square(v[i].w, w[j][i].w, sums[j][3]);
                }
            }
        }
    } else {
        for (int d = lane; d < dimension; d += Lanes * 4) {
#pragma unroll
            for (int i = 0; i < 4; i++) {
                if (d + i * Lanes < dimension) {
                    float v = x[d + i * Lanes];
#pragma unroll
                    for (int j = 0; j < 2; j++) {
                        sums[j][i] = add_square(v, c[j][d + i * Lanes], sums[j][i]);
                    }
                }
            }
        }
    }
#pragma unroll
    for (int j = 0; j < 2; j++) {
        distances[j] = lanes_sum<Lanes>((sums[j][0] + sums[j][1]) + (sums[j][2] + sums[j][3]));
    }
}

// A row by a warp, in float64, among some centres. Float64's own rounding decides between few, and only for these are sums in the order
// of exact_distance, a wait for each term: others are told apart by all lanes together. Sums of so many terms are off by less than that
// share in any order.
CALLED void settle_exactly(Unsettled u, Choice choice) {
    double nearest = __builtin_inf(), second = __builtin_inf();
    int label = 0;
    for (int c = 0; c < choice.count; c += 2) {
        int k[2];
        const float* centers[2];
#pragma unroll
        for (int j = 0; j < 2; j++) {
            k[j] = choice.center(least(c + j, choice.count - 1));
            centers[j] = u.center(k[j]);
        }
        double distances[2];
        near_distances<32>(distances, u.row, centers, u.dimension);
#pragma unroll
        for (int j = 0; j < 2; j++) {
            if (c + j < choice.count) {
                bool nearer = distances[j] < nearest;
                double farther = nearer ? nearest : distances[j];
                second = farther < second ? farther : second;
                label = nearer ? k[j] : label;
                nearest = nearer ? distances[j] : nearest;
            }
        }
    }
    if (nearest <= LargestSquaredNorm && second - nearest > (u.dimension + 64) * 0x1p-52 * (second + nearest)) {
        u.write(label, lane_id() == 0);
    } else {
        write_exactly(u, exactly_nearest(u, choice, 0, 1), lane_id() == 0);
    }
}

// Whether any centre may be the nearest: no candidates were looked for, or there were too many.
DEVICE bool all_are_candidates(int n) { return n == 0 || n > MostCandidates; }

// What is listed of a row. All is read at once, and while the row before is settled: each wait is as long as what is done for a row.
struct Listed {
    bool exists;
    int entry;
    int place;
    int candidates;
    int first, second;      // of the candidates
};

// The row at a place in the list, whose last is repeated. The list has rows that were open first, and from its end those whose
// candidates were known.
DEVICE Listed listed_row(const AssignArgs& a, int at, int open, int count) {
    int i = least(at, count - 1), entry = i < open ? i : a.rows.count - 1 - (i - open);
    const int* candidates = a.undecided.candidates + (int64)entry * MostCandidates;
    return {at < count, entry, a.undecided.places[entry], a.undecided.candidate_counts[entry], candidates[0], candidates[1]};
}

// Some rows of the list by a warp, so many lanes a row, but those for which all centres are candidates.
template <int Lanes>
DEVICE void settle_some(const AssignArgs& a, const Listed& listed) {
    int dimension = a.rows.dimension, place = listed.place, n = listed.candidates;
    bool exists = listed.exists && !all_are_candidates(n);
    if (!any_lane(exists)) {
        return;
    }
    const int* candidates = a.undecided.candidates + (int64)listed.entry * MostCandidates;
    Unsettled u(a, place);
    float nearest = infinity(), second = NoDistance;
    int label = 0;
    for (int c = 0; any_lane(exists && c < n); c += 2) {
        int k[2] = {listed.first, n > 1 ? listed.second : listed.first};
        const float* centers[2];
#pragma unroll
        for (int j = 0; j < 2; j++) {
            k[j] = !exists ? 0 : c == 0 ? k[j] : candidates[least(c + j, n - 1)];
            centers[j] = u.center(k[j]);
        }
        float distances[2];
        near_distances<Lanes>(distances, u.row, centers, dimension);
#pragma unroll
        for (int j = 0; j < 2; j++) {
            if (c + j < n) {
                bool nearer = distances[j] < nearest;
                second = smaller(nearer ? nearest : distances[j], second);
                label = nearer ? k[j] : label;
                nearest = nearer ? distances[j] : nearest;
            }
        }
    }
    bool certain = is_certainly_less(nearest, second, dimension / (Lanes * 4)), leads = (lane_id() & (Lanes - 1)) == 0 && exists;
    u.write(label, leads && certain);
    for (uint left = ballot(leads && !certain); left; left &= left - 1) {
        int lane = __builtin_ctz(left);
        const int* of_row = a.undecided.candidates + (int64)shuffle(listed.entry, lane) * MostCandidates;
        settle_exactly(Unsettled(a, shuffle(place, lane)), listed_centers(of_row, shuffle(n, lane)));
    }
}

// All rows of the list by warps: of so many, this one.
template <int Lanes>
DEVICE void settle_known(const AssignArgs& a, int open, int count, int warp, int warps) {
    constexpr int Together = 32 / Lanes;
    int at = warp * Together + lane_id() / Lanes, step = warps * Together;
    if (warp * Together >= count) {
        return;
    }
    Listed next = listed_row(a, at, open, count);
    for (int first = warp * Together; first < count; first += step) {
        Listed listed = next;
        at += step;
        next = listed_row(a, at, open, count);
        settle_some<Lanes>(a, listed);
    }
}

// The same; rows that are longer are read by more lanes.
DEVICE void settle_all(const AssignArgs& a, int open, int count, int warp, int warps) {
    if (a.rows.dimension <= 64) {
        settle_known<4>(a, open, count, warp, warps);
    } else if (a.rows.dimension < 256) {
        settle_known<8>(a, open, count, warp, warps);
    } else if (a.rows.dimension < 512) {
        settle_known<16>(a, open, count, warp, warps);
    } else {
        settle_known<32>(a, open, count, warp, warps);
    }
}

constexpr int Threads = 256;
constexpr int Warps = Threads / 32;

// The counters of the next part: nothing reads them any more.
DEVICE void clear_next(const AssignArgs& a) {
    if (global_thread() < 3) {
        a.undecided.count_next[global_thread()] = 0;
    }
}

// A row among some centres or all, in float64, by a block.
CALLED void settle_by_block(Unsettled u, Choice choice) {
    SHARED double exact_of_warps[Warps];
    SHARED int labels_of_warps[Warps];
    Nearest n = exactly_nearest(u, choice, warp_id(), Warps);
    if (lane_id() == 0) {
        exact_of_warps[warp_id()] = n.distance;
        labels_of_warps[warp_id()] = n.label;
    }
    block_barrier();
    if (warp_id() == 0) {
        for (int w = 1; w < Warps; w++) {
            keep_nearest(n.distance, n.label, exact_of_warps[w], labels_of_warps[w]);
        }
        write_exactly(u, n, lane_id() == 0);
    }
    block_barrier();        // the next row comes into the same memory
}
