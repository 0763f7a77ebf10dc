// The kernels' sources, run on a processor (emulated/machine.h) and compared with float64: labels, distances, sums and means, on rows
// that are hard to tell apart. Of Hopper's own, with products of four warps and bulk copies, all are here but that for longer rows, whose
// blocks work in pairs: it needs a GPU.
//
//   kernels SEED    exit code 1, and what was wrong, if anything was
#include "gpu.h"
#include "rows.h"
#include "seeding.h"
#include <limits>
#include <tuple>

namespace {

int failures = 0;

void expect(bool right, const std::string& what) {
    if (!right) {
        std::printf("WRONG: %s\n", what.c_str());
        failures++;
    }
}

const char* name_of(Way way) {
    const char* const names[] = {"held", "few", "wide", "direct", "shared", "shorter", "batch", "few, Hopper"};
    return names[(int)way];
}

// Labels the rows and compares: the lowest-numbered of the nearest centres in float64, and its distance in float32.
void check_labels(Gpu& gpu, const Matrix& rows, const std::string& what) {
    Found found = gpu.assign(rows);
    std::vector<int> expected = nearest(rows, gpu.centers());
    int wrong = 0, far = 0;
    for (int i = 0; i < rows.count; i++) {
        wrong += found.labels[(size_t)i] != expected[(size_t)i];
        double distance = exact_distance_of(rows, i, gpu.centers(), expected[(size_t)i]);
        far += !(std::fabs(found.distances[(size_t)i] - distance) <= distance * 1e-5 + 1e-30);
    }
    expect(wrong == 0, what + ": " + std::to_string(wrong) + " of " + std::to_string(rows.count) + " labels");
    expect(far == 0, what + ": " + std::to_string(far) + " distances");
    expect(found.bad == ~0ull, what + ": a row is said to be bad");
}

void assignments(Draw& draw, Way way, int dimension, int clusters, int count) {
    for (Open open : {Open::looked_through, Open::partly_measured, Open::measured, Open::measured_in_batch}) {
        if (open == Open::partly_measured && way != Way::held) {
            continue;       // another pass looks for all or none
        }
        Matrix centers = draw_centers(draw, clusters, dimension), rows = draw_rows(draw, centers, count);
        Gpu gpu(way, centers, draw_origin(draw, rows), open);
        std::string what = std::string(name_of(way)) + ", open rows " + (open == Open::looked_through ? "looked through" : open == Open::partly_measured ? "partly measured" : open == Open::measured ? "measured" : "measured in a batch") + ", D = " + std::to_string(dimension) + ", K = " + std::to_string(clusters);
        check_labels(gpu, rows, what);

        // One that is too large is named as well, also where it lies as far out as padding may.
        Matrix far = rows;
        int out = draw.below(count);
        std::fill(far.row(out), far.row(out) + dimension, draw.below(2) ? 3e38f : 1e25f);
        expect(gpu.assign(far).bad == (uint64)out, what + ": a row too large, " + std::to_string(out));

        // One that is no number is named, and the others are none the worse.
        int bad = draw.below(count);
        rows.row(bad)[draw.below(dimension)] = draw.below(2) ? NAN : INFINITY;
        expect(gpu.assign(rows).bad == (uint64)bad, what + ": no number in row " + std::to_string(bad));
    }
}

// A centre far out leaves no more rows open than lie on the way to it; nor do those it has moved among.
void far_centers(Draw& draw, Way way, int dimension, int clusters) {
    Matrix centers(clusters, dimension), rows(500, dimension);
    for (float& v : centers.values) {
        v = (float)draw.normal();
    }
    for (float& v : rows.values) {
        v = (float)draw.normal();
    }
    std::vector<float> origin((size_t)dimension);
    for (float farther : {8.0f, 25.0f, 60.0f, 1e3f, 1e6f, 1e15f}) {
        int out = draw.below(clusters), far_row = draw.below(rows.count), far_too = (far_row + 1) % rows.count;
        Matrix far = centers, far_rows = rows;
        for (int d = 0; d < dimension; d++) {
            far.row(out)[d] *= farther;
            far_rows.row(far_row)[d] = far.row(out)[d];
            far_rows.row(far_too)[d] = far.row(out)[d] * (float)draw.between(0.55, 0.6);
        }
        Gpu gpu(way, far, origin, Open::looked_through), usual(way, centers, origin, Open::looked_through);
        std::string what = std::string(name_of(way)) + " with a centre " + std::to_string(farther) + " times as far";
        for (int step = 0; step < 3; step++) {
            check_labels(gpu, far_rows, what);
            usual.assign(rows);
            // Rows may be open as well that share their scale with the two that are far out.
            expect(gpu.open_rows() <= 3 * usual.open_rows() + (way == Way::shared ? 55 : 25), what + ": " + std::to_string(gpu.open_rows()) + " rows are open, "
                + std::to_string(usual.open_rows()) + " without it, after " + std::to_string(step) + " steps");
            gpu.move(dimension > 128 || step == 0);
            usual.move(dimension > 128 || step == 0);
        }
    }
}

// Nor do they if most are far out.
void mostly_far_centers(Draw& draw, Way way, int dimension, int clusters) {
    Matrix centers(clusters, dimension), near((clusters + 3) / 4, dimension), rows(500, dimension);
    for (int k = 0; k < clusters; k++) {
        for (int d = 0; d < dimension; d++) {
            centers.row(k)[d] = (float)draw.normal() * (k % 4 ? 1000.0f : 1.0f);
            near.row(k / 4)[d] = k % 4 ? near.row(k / 4)[d] : centers.row(k)[d];
        }
    }
    for (float& v : rows.values) {
        v = (float)draw.normal();
    }
    std::vector<float> origin((size_t)dimension);
    float usual = std::sqrt((float)dimension) * 1.1f;
    Gpu gpu(way, centers, origin, Open::looked_through, usual), without(way, near, origin, Open::looked_through, usual);
    std::string what = std::string(name_of(way)) + ", most centres far out, D = " + std::to_string(dimension);
    check_labels(gpu, rows, what);
    without.assign(rows);
    expect(gpu.open_rows() <= 3 * without.open_rows() + 15,
        what + ": " + std::to_string(gpu.open_rows()) + " are open, " + std::to_string(without.open_rows()) + " without those");
}

// Nor if all are far from the rows: none of them is short beside those.
void all_far_centers(Draw& draw, Way way, int dimension, int clusters) {
    Matrix rows(400, dimension);
    for (float& v : rows.values) {
        v = (float)draw.normal();
    }
    float usual = std::sqrt((float)dimension) * 1.1f;
    for (auto [low, high] : {std::pair{2.0, 4.0}, {3.0, 5.0}, {4.5, 7.0}, {1.0, 60.0}}) {
        Matrix centers(clusters, dimension);
        for (int k = 0; k < clusters; k++) {
            double longer = draw.between(low, high) * 1.1;
            for (int d = 0; d < dimension; d++) {
                centers.row(k)[d] = (float)(draw.normal() * longer);
            }
        }
        Gpu gpu(way, centers, std::vector<float>((size_t)dimension), Open::looked_through, usual);
        std::string what = std::string(name_of(way)) + ", centres " + std::to_string(low) + " to " + std::to_string(high) + " times as long as rows";
        check_labels(gpu, rows, what);
        expect(gpu.open_rows() < rows.count / 8, what + ": " + std::to_string(gpu.open_rows()) + " are open");
    }
}

// Centres that are long beside most, but not beside rows, are like any others: those of a few rows each among the means of many, and a
// small cluster apart from a large one.
void long_rows(Draw& draw, Way way, int dimension) {
    for (bool two : {false, true}) {
        Matrix centers(two ? 2 : 40, dimension), rows(600, dimension);
        for (int i = 0; i < rows.count; i++) {
            for (int d = 0; d < dimension; d++) {
                rows.row(i)[d] = (float)draw.normal() + (two && d == 0 && i % 33 == 0 ? 20.0f : 0);
            }
        }
        for (int k = 0; k < centers.count; k++) {
            for (int d = 0; d < dimension; d++) {
                bool single = !two && k % 13 == 0;
                centers.row(k)[d] = single ? rows.row(k)[d] : two ? (d == 0 ? (k ? 19.4f : -0.6f) : 0) : (float)draw.normal() * 0.025f;
            }
        }
        Gpu gpu(way, centers, std::vector<float>((size_t)dimension), Open::looked_through, std::sqrt((float)dimension) * 1.1f);
        std::string what = std::string(name_of(way)) + ", rows longer than centres, K = " + std::to_string(centers.count);
        check_labels(gpu, rows, what);
        expect(gpu.open_rows() < rows.count / (way == Way::held || way == Way::few ? 4 : 1), what + ": " + std::to_string(gpu.open_rows()) + " are open");
    }
}

// Two centres of which a step leaves one just within the limit and one just beyond, and rows that are as far from both.
void at_the_limit(Way way, int dimension) {
    Matrix centers(2, dimension), moved(2, dimension), rows(300, dimension);
    centers.row(0)[0] = -1;
    centers.row(1)[0] = 1;
    moved.row(0)[0] = -31.9999714f / 4;
    moved.row(1)[0] = 31.9999714f / 4;
    moved.row(1)[1] = 0.0025f;
    for (int i = 0; i < rows.count; i++) {
        rows.row(i)[0] = (float)i * 2.5e-9f;
    }
    Gpu gpu(way, centers, std::vector<float>((size_t)dimension), Open::looked_through);
    check_labels(gpu, moved, name_of(way));
    gpu.move(true);
    check_labels(gpu, rows, std::string(name_of(way)) + ", centres at the limit, D = " + std::to_string(dimension));
}

// Rows half way between the origin, where a centre is, and others, whose values are all of one magnitude: what rounding takes from each
// adds up, so that bounds are met nearly to the full. Others yet lie far out, and do not count.
void aligned_rows(Draw& draw, Way way, int dimension, bool far) {
    constexpr int Pairs = 7;
    Matrix centers(Pairs + 5, dimension), rows(Pairs * 60, dimension);
    for (int j = 0; j < Pairs; j++) {
        double length = draw.between(1, 2);
        std::vector<float> signs((size_t)dimension);
        for (float& s : signs) {
            s = draw.below(2) ? 1.0f : -1.0f;
        }
        for (int d = 0; d < dimension; d++) {
            centers.row(j + 1)[d] = (float)length * signs[(size_t)d];
        }
        for (int i = 0; i < 60; i++) {
            double off = std::pow(2, -draw.between(8, 14)) * (draw.below(2) ? 1 : -1);
            for (int d = 0; d < dimension; d++) {
                rows.row(j * 60 + i)[d] = (float)(length / 2 * (1 + off)) * signs[(size_t)d];
            }
        }
    }
    for (int k = Pairs + 1; k < centers.count; k++) {
        for (int d = 0; d < dimension; d++) {
            centers.row(k)[d] = (float)(draw.normal() * (far ? 12 : 2));
        }
    }
    Gpu gpu(way, centers, std::vector<float>((size_t)dimension), Open::looked_through);
    check_labels(gpu, rows, std::string(name_of(way)) + ", aligned rows, D = " + std::to_string(dimension) + (far ? ", centres far out" : ""));
}

// Among all different centres a row as far out as floats go is no nearer to what is beyond the last of them.
void rows_out_of_range(Draw& draw, int dimension, int clusters) {
    Matrix centers(clusters, dimension);
    for (int k = 0; k < clusters; k++) {
        centers.row(k)[0] = (float)k;
    }
    for (float value : {3e38f, -3e38f, std::numeric_limits<float>::max(), 1e25f}) {
        Matrix rows = draw_rows(draw, centers, 40);
        std::fill(rows.row(7), rows.row(7) + dimension, value);
        Gpu gpu(Way::direct, centers, std::vector<float>((size_t)dimension), Open::measured);
        expect(gpu.assign(rows).bad == 7, "a row of " + std::to_string(value) + ", D = " + std::to_string(dimension) + ", K = " + std::to_string(clusters));
    }
}

// Steps move centres to running means and round them by a scale one step old; a centre may leap far out of it.
void steps(Draw& draw, Way way, int dimension, int clusters, bool sorts) {
    Matrix centers = draw_centers(draw, clusters, dimension);
    Gpu gpu(way, centers, std::vector<float>((size_t)dimension), Open::measured_in_batch);
    std::vector<double> means(centers.values.begin(), centers.values.end()), counts((size_t)clusters);
    for (int step = 0; step < 4; step++) {
        Matrix rows = draw_rows(draw, gpu.centers(), 701);
        if (step == 1) {
            for (float& v : rows.values) {
                v *= 300;
            }
        }
        std::string what = "step " + std::to_string(step) + ", " + name_of(way) + ", D = " + std::to_string(dimension) + ", K = " + std::to_string(clusters);
        check_labels(gpu, rows, what);
        std::vector<int> labels = nearest(rows, gpu.centers());
        gpu.move(dimension > 128 || (sorts && step % 2 == 0));
        move_means(means, counts, rows, labels);
        double off = 0;
        for (size_t i = 0; i < means.size(); i++) {
            off = std::max(off, std::fabs(gpu.means()[i] - means[i]) / (std::fabs(means[i]) + 1));
        }
        expect(off < 1e-12, what + ": means are off by " + std::to_string(off));
    }
}

// The sums of many parts in one launch are, bit for bit, those of one part after another, and float64's.
void parts(Draw& draw, int dimension, int clusters, int count, int part_rows, bool weighted) {
    Matrix centers = draw_centers(draw, clusters, dimension), rows = draw_rows(draw, centers, count);
    std::vector<float> weights;
    for (int i = 0; weighted && i < count; i++) {
        weights.push_back(draw.below(5) ? (float)draw.between(0.1, 3) : 0);
    }
    std::vector<int> labels;
    for (int i = 0; i < count; i++) {
        labels.push_back(draw.below(4) ? draw.below(clusters) : 0);
    }
    Sums together = sums_of(rows, weights, labels, clusters, part_rows, true), apart = sums_of(rows, weights, labels, clusters, part_rows, false);
    std::string what = "sums of " + std::to_string(count) + " rows in parts of " + std::to_string(part_rows) + ", D = " + std::to_string(dimension) + ", K = " + std::to_string(clusters);
    expect(together.sums == apart.sums && together.weights == apart.weights, what + ": not the same bits");
    Sums expected = plain_sums(rows, weights, labels, clusters);
    double off = 0;
    for (size_t i = 0; i < expected.sums.size(); i++) {
        off = std::max(off, std::fabs(expected.sums[i] - together.sums[i]) / expected.magnitudes[i]);
    }
    for (size_t k = 0; k < expected.weights.size(); k++) {
        off = std::max(off, std::fabs(expected.weights[k] - together.weights[k]) / (expected.weights[k] + 1));
    }
    expect(off < 1e-12, what + ": off by " + std::to_string(off));
}

// Rows of very different lengths side by side, and some that are no number: what shares its scale with them has its label all the same.
void mixed_rows(Draw& draw, Way way, int dimension, int clusters, int count) {
    Matrix centers = draw_centers(draw, clusters, dimension), rows = draw_rows(draw, centers, count);
    for (int i = 0; i < count; i++) {
        int kind = draw.below(24);
        double factor = kind == 0 ? std::pow(2, draw.between(0, 40)) : kind == 1 ? 0 : kind == 2 ? std::pow(2, -draw.between(0, 60))
            : kind == 3 ? std::pow(2, -draw.between(0, 14)) : 1;
        for (int d = 0; d < dimension; d++) {
            rows.row(i)[d] = (float)(rows.row(i)[d] * factor);
        }
    }
    Gpu gpu(way, centers, draw_origin(draw, rows), draw.below(2) ? Open::measured : Open::looked_through);
    std::string what = std::string(name_of(way)) + ", mixed rows, D = " + std::to_string(dimension) + ", K = " + std::to_string(clusters);
    check_labels(gpu, rows, what);
    std::vector<int> expected = nearest(rows, gpu.centers());
    std::vector<bool> bad((size_t)count);
    for (int i = 0; i <= count / 40; i++) {
        int row = draw.below(count);
        bad[(size_t)row] = true;
        rows.row(row)[draw.below(dimension)] = draw.below(3) == 0 ? 3e38f : draw.below(2) ? NAN : INFINITY;
    }
    Found found = gpu.assign(rows, true);
    int wrong = 0;
    for (int i = 0; i < count; i++) {
        wrong += !bad[(size_t)i] && found.labels[(size_t)i] != expected[(size_t)i];
    }
    expect(wrong == 0, what + ", beside some that are no number: " + std::to_string(wrong));
}

}

int main(int argc, char** argv) {
    Draw draw(argc > 1 ? std::atoi(argv[1]) : 1);
    emulated::order.seed((unsigned)draw.below(1 << 30));
    for (auto [dimension, clusters] : {std::pair{16, 5}, {30, 300}, {64, 17}, {100, 140}, {64, 700}, {128, 700}}) {
        assignments(draw, Way::held, dimension, clusters, 300 + draw.below(200));
    }
    assignments(draw, Way::held, 16, 16385 + draw.below(300), 40);       // more than keys can name at once, or in two rounds
    assignments(draw, Way::held, 20, 600, 1100);        // more rows than all blocks take at once: round the ring several times
    for (auto [dimension, clusters] : {std::pair{33, 3}, {64, 16}, {101, 50}, {130, 100}, {300, 16}, {420, 129}, {1100, 100}}) {
        assignments(draw, Way::few, dimension, clusters, 200 + draw.below(200));
    }
    for (auto [dimension, clusters] : {std::pair{150, 200}, {203, 130}, {129, 600}, {336, 1030}}) {
        assignments(draw, Way::wide, dimension, clusters, 200 + draw.below(200));
    }
    for (auto [dimension, clusters] : {std::pair{33, 300}, {36, 129}, {64, 256}, {41, 200}, {50, 1}, {63, 1300}, {64, 260}, {64, 1030}}) {
        assignments(draw, Way::shared, dimension, clusters, 1 + draw.below(400));
        mixed_rows(draw, Way::shared, dimension, clusters, 1 + draw.below(400));
    }
    for (auto [way, dimension, clusters] :
        {std::tuple{Way::shorter, 66, 140}, {Way::shorter, 128, 700}, {Way::batch, 101, 300}, {Way::batch, 128, 1030}, {Way::few_hopper, 70, 100},
            {Way::few_hopper, 128, 17}, {Way::few_hopper, 200, 256}, {Way::few_hopper, 203, 60}, {Way::few_hopper, 516, 128}}) {
        assignments(draw, way, dimension, clusters, 1 + draw.below(400));
        mixed_rows(draw, way, dimension, clusters, 1 + draw.below(400));
    }
    for (emulated::Rounding rounding : {emulated::Rounding::each, emulated::Rounding::once}) {
        emulated::rounding = rounding;
        assignments(draw, Way::held, 128, 60, 300);
        assignments(draw, Way::few, 200, 15, 300);
        assignments(draw, Way::few, 200, 7, 300);
        assignments(draw, Way::wide, 200, 300, 300);
    }
    emulated::rounding = emulated::Rounding::cut;
    for (auto [way, dimension] : {std::pair{Way::held, 32}, {Way::held, 100}, {Way::few, 70}, {Way::wide, 140}, {Way::wide, 203}, {Way::shared, 60}}) {
        far_centers(draw, way, dimension, 9 + draw.below(80));
        mostly_far_centers(draw, way, dimension, 30 + draw.below(80));
        all_far_centers(draw, way, dimension, 30 + draw.below(80));
        long_rows(draw, way, way == Way::wide || way == Way::shared ? dimension : 128);
        at_the_limit(way, dimension);
        for (int i = 0; i < 4; i++) {
            aligned_rows(draw, way, dimension, i % 2);
        }
    }
    for (auto [dimension, clusters] : {std::pair{1, 31}, {2, 700}, {3, 15}, {4, 17}, {7, 1}, {15, 300}}) {
        assignments(draw, Way::direct, dimension, clusters, 600);
    }
    for (auto [dimension, clusters] : {std::pair{1, 15}, {2, 31}, {3, 16}, {15, 15}}) {
        rows_out_of_range(draw, dimension, clusters);
    }
    for (auto [dimension, clusters] : {std::pair{16, 40}, {64, 3}, {128, 200}}) {
        steps(draw, Way::held, dimension, clusters, false);
        steps(draw, Way::held, dimension, clusters, true);
    }
    steps(draw, Way::few, 64, 12, true);
    steps(draw, Way::few, 101, 9, false);
    steps(draw, Way::few, 101, 3, false);
    steps(draw, Way::few, 200, 60, true);
    parts(draw, 5, 3, 5000, 2048, false);
    parts(draw, 130, 40, 3000, 1024, true);
    parts(draw, 16, 1500, 4000, 1024, false);
    for (emulated::Rounding rounding : {emulated::Rounding::each, emulated::Rounding::once, emulated::Rounding::cut}) {
        emulated::rounding = rounding;
        for (int kind = 0; kind < 6; kind++) {
            for (auto [dimension, count, centers, members] : {std::tuple{128, 300, 25, 64}, {128, 1100, 1, 8}, {64, 200, 20, 40}, {100, 140, 0, 7},
                    {36, 129, 30, 64}, {128, 2500, 25, 128}, {68, 300, 20, 100}, {300, 260, 22, 64}, {300, 140, 1, 8}, {32, 300, 2, 8}, {4, 300, 3, 64}}) {
                std::string wrong = check_seeding(draw, kind, dimension, count, centers, members);
                expect(wrong.empty(), wrong);
            }
        }
    }
    std::printf("%d wrong\n", failures);
    return failures > 0;
}
