// Rows and centres that are hard to tell apart, and what float64 says of them.
#pragma once
#include <cmath>
#include <random>
#include <string>
#include <vector>

struct Matrix {
    int count;
    int dimension;
    std::vector<float> values;

    Matrix(int count, int dimension) : count(count), dimension(dimension), values((size_t)count * (size_t)dimension) {}
    float* row(int i) { return values.data() + (size_t)i * (size_t)dimension; }
    const float* row(int i) const { return values.data() + (size_t)i * (size_t)dimension; }
};

struct Draw {
    std::mt19937 bits;

    explicit Draw(int seed) : bits((unsigned)seed) {}
    int below(int n) { return (int)(bits() % (unsigned)n); }
    double between(double low, double high) { return std::uniform_real_distribution<double>(low, high)(bits); }
    double normal() { return std::normal_distribution<double>()(bits); }
};

// Some equal to others, some near others, at any scale; or a few far out.
inline Matrix draw_centers(Draw& draw, int count, int dimension) {
    Matrix centers(count, dimension);
    double scale = std::pow(10, draw.between(-3, 3));
    bool some_far = draw.below(2);
    for (int k = 0; k < count; k++) {
        int kind = k == 0 ? 0 : draw.below(6), like = draw.below(k + 1);
        double farther = some_far && draw.below(12) == 0 ? std::pow(10, draw.between(1, 4)) : 1;
        for (int d = 0; d < dimension; d++) {
            double fresh = scale * farther * draw.normal();
            centers.row(k)[d] = (float)(kind == 1 ? centers.row(like)[d] : kind == 2 ? centers.row(like)[d] + fresh * 1e-4 : fresh);
        }
    }
    return centers;
}

// At and about centres, and between two of them: half way, or off it by a little of the distance.
inline Matrix draw_rows(Draw& draw, const Matrix& centers, int count) {
    Matrix rows(count, centers.dimension);
    for (int i = 0; i < count; i++) {
        const float* a = centers.row(draw.below(centers.count));
        const float* b = centers.row(draw.below(centers.count));
        int kind = draw.below(5);
        double at = kind < 2 ? 0 : kind == 2 ? 0.5 : 0.5 + std::pow(10, -draw.between(0.5, 7)) * (draw.below(2) ? 1 : -1);
        double noise = kind == 0 ? 0 : draw.below(2) ? 0 : std::pow(10, -draw.between(0, 4));
        for (int d = 0; d < centers.dimension; d++) {
            double v = a[d] * (1 - at) + b[d] * at;
            rows.row(i)[d] = (float)(v + noise * (std::fabs(a[d]) + std::fabs(b[d])) * draw.normal());
        }
    }
    return rows;
}

inline std::vector<float> draw_origin(Draw& draw, const Matrix& rows) {
    std::vector<float> origin((size_t)rows.dimension);
    for (int d = 0; d < rows.dimension && draw.below(8); d++) {
        origin[(size_t)d] = rows.row(draw.below(rows.count))[d];
    }
    return origin;
}

// With the roundings of Distance.SquaredExact.
inline double exact_distance_of(const Matrix& rows, int i, const Matrix& centers, int k) {
    const float* x = rows.row(i);
    const float* c = centers.row(k);
    auto square = [&](int d) {
        double v = (double)x[d] - c[d];
        return v * v;
    };
    double sums[8] = {};
    int whole = rows.dimension / 8 * 8;
    for (int d = 0; d < whole; d++) {
        sums[d % 8] += square(d);
    }
    double sum = ((sums[0] + sums[4]) + (sums[2] + sums[6])) + ((sums[1] + sums[5]) + (sums[3] + sums[7]));
    for (int d = whole; d < rows.dimension; d++) {
        sum += square(d);
    }
    return sum;
}

inline std::vector<int> nearest(const Matrix& rows, const Matrix& centers) {
    std::vector<int> labels((size_t)rows.count);
    for (int i = 0; i < rows.count; i++) {
        double least = INFINITY;
        for (int k = 0; k < centers.count; k++) {
            double distance = exact_distance_of(rows, i, centers, k);
            if (distance < least) {
                least = distance;
                labels[(size_t)i] = k;
            }
        }
    }
    return labels;
}

struct Sums {
    std::vector<double> sums;
    std::vector<double> weights;
    std::vector<double> magnitudes;     // the same of magnitudes, and 1
};

inline Sums plain_sums(const Matrix& rows, const std::vector<float>& weights, const std::vector<int>& labels, int clusters) {
    size_t size = (size_t)clusters * (size_t)rows.dimension;
    Sums s = {std::vector<double>(size), std::vector<double>((size_t)clusters), std::vector<double>(size, 1)};
    for (int i = 0; i < rows.count; i++) {
        double weight = weights.empty() ? 1 : weights[(size_t)i];
        size_t first = (size_t)labels[(size_t)i] * (size_t)rows.dimension;
        s.weights[(size_t)labels[(size_t)i]] += weight;
        for (int d = 0; d < rows.dimension; d++) {
            s.sums[first + (size_t)d] += weight * rows.row(i)[d];
            s.magnitudes[first + (size_t)d] += weight * std::fabs(rows.row(i)[d]);
        }
    }
    return s;
}

// To the running means of all rows they were given.
inline void move_means(std::vector<double>& means, std::vector<double>& counts, const Matrix& rows, const std::vector<int>& labels) {
    Sums s = plain_sums(rows, {}, labels, (int)counts.size());
    for (size_t k = 0; k < counts.size(); k++) {
        counts[k] += s.weights[k];
        for (size_t d = 0; d < (size_t)rows.dimension && s.weights[k] > 0; d++) {
            size_t i = k * (size_t)rows.dimension + d;
            means[i] += s.weights[k] / counts[k] * (s.sums[i] / s.weights[k] - means[i]);
        }
    }
}
