// k-means++ as CudaSeeding launches it: distances to a pool of members by all kernels, and what steps with them give, bit for bit.
#pragma once
#include "gpu.h"

namespace seeding {
#include "seeding.cu"
}

// A pool and the rows it is measured to.
class Pool {
public:
    Pool(const Matrix& rows, const std::vector<float>& origin, const std::vector<float>& weights, Draw& draw, int centers, int members)
        : _n(rows.count), _members(members), _blocks((_n + seeding::BlockRows - 1) / seeding::BlockRows), _stride((size_t)_blocks * seeding::BlockRows) {
        _rows.set(rows.values);
        _origin.set(origin);
        _weights.set(weights);
        _nearest.set(std::vector<float>(_stride, INFINITY));
        reserve_distances((size_t)std::max(members, 1));
        _marks.set(std::vector<uint>(_stride / seeding::GroupRows * 4));
        _values.reserve((size_t)std::max(members, 1) * (size_t)rows.dimension);
        _tiles = (_n + seeding::TileRows - 1) / seeding::TileRows;
        _crowded.reserve(2 + 8 * (size_t)_tiles);
        _crowded[0] = _crowded[1] = 0;
        _finished.set({0});
        _measure = {{_rows.at(), nullptr, nullptr, 0, 0, rows.dimension, _n}, _values.at(), _distances.at(), _nearest.at(), _origin.at(),
            nullptr, _marks.at(), (int64)_stride, 0};
        // Centres chosen before.
        for (int i = 0; i < centers; i++) {
            choose(draw, 1);
            measure();
            for (size_t row = 0; row < (size_t)_n; row++) {
                _nearest[row] = std::fmin(_nearest[row], _distances[row]);
            }
        }
        choose(draw, members);
    }

    // Distances that may lower D² are the same bits by all kernels, and the others lower nothing. Says what is wrong. What is left is what
    // the last has measured, or all.
    std::string measure_all(double most_measured, bool keeps_all) {
        measure();
        std::vector<float> all = _distances.read();
        std::string wrong;
        if (_members <= seeding::TileOthers) {
            wrong = measure_near(all, most_measured, false, [&](const seeding::MeasureArgs& a) {
                emulated::launch<seeding::measure_near_members>(a, 2, seeding::TileThreads, sizeof(seeding::NearTile));
            });
        }
        if (wrong.empty() && _measure.rows.dimension <= seeding::NearColumns) {
            wrong = measure_near(all, most_measured, true, [&](const seeding::MeasureArgs& a) {
                constexpr int Warps = 3;
                emulated::launch<seeding::measure_near_groups>(a, 2, Warps * 32, sizeof(seeding::NearPool) + Warps * sizeof(seeding::NearGroup));
            });
        }
        if (keeps_all) {
            _distances.set(all);
            _is_marked = false;
        }
        return wrong;
    }

    // In parts, as rows come that are streamed.
    template <typename Near>
    std::string measure_near(const std::vector<float>& all, double most_measured, bool marks, Near near_kernel) {
        reserve_distances((size_t)_members);
        _is_marked = marks;
        int crowded = 0, wrong = 0, measured = 0;
        for (int before = 0; before < _n; before += seeding::BlockRows) {
            seeding::MeasureArgs part = _measure;
            part.rows.start = part.rows.before = before;
            part.rows.count = std::min(_n - before, seeding::BlockRows);
            part.distances += before;
            part.nearest += before;
            part.marks += before / seeding::GroupRows * 4;
            part.crowded = (seeding::Crowded*)_crowded.at();
            near_kernel(part);
            crowded += _crowded[0];
            emulated::launch<seeding::measure_members>(part, 2, seeding::TileThreads);
        }
        for (int m = 0; m < _members; m++) {
            for (size_t row = 0; row < (size_t)_n; row++) {
                float near = distance(m, row), full = all[(size_t)m * _stride + row], before = _nearest[row];
                wrong += bits(std::fmin(before, near)) != bits(std::fmin(before, full)) || (bits(near) != bits(full) && near != INFINITY);
                measured += near != INFINITY;
            }
        }
        wrong += _crowded[0] + _crowded[1];
        for (auto* b : {&_distances, &_nearest, &_values}) {
            b->check("what is measured");
        }
        _crowded.check("crowded tiles");
        _marks.check("marks");
        if (wrong > 0) {
            return std::to_string(wrong) + " distances";
        }
        if (measured > most_measured * _members * _n) {
            return std::to_string(measured) + " pairs are measured of " + std::to_string(_members * _n) + ", " + std::to_string(crowded) + " crowded groups";
        }
        return "";
    }

    // D² lowered by a member, or by none, and its sums. Of rows behind the last it is not asked.
    std::string accept(Draw& draw) {
        int member = draw.below(_members + 1) - 1, wrong = 0;
        std::vector<float> nearest = _nearest.read();
        Buffer<double> sums;
        sums.reserve((size_t)_blocks);
        seeding::AcceptArgs a = {measured(), _weights.count ? _weights.at() : nullptr, _nearest.at(), sums.at(), _n, member, 0};
        emulated::launch<seeding::accept_member>(a, _blocks, seeding::Threads);
        sums.check("sums");
        _nearest.check("D²");
        for (int b = 0; b < _blocks; b++) {
            double sum = 0, off = 0;
            for (size_t row = (size_t)b * 1024; row < std::min((size_t)b * 1024 + 1024, (size_t)_n); row++) {
                float d = member < 0 ? nearest[row] : std::fmin(nearest[row], distance(member, row));
                wrong += bits(d) != bits(_nearest[row]);
                double weight = _weights.count ? _weights[row] : 1;
                sum += weight > 0 ? weight * d : 0;
                off += weight > 0 ? weight * d * 1e-13 : 0;
            }
            wrong += !(std::fabs(sums[(size_t)b] - sum) <= off) && !(sums[(size_t)b] == sum) && sum == sum;
        }
        return wrong > 0 ? std::to_string(wrong) + " of what is accepted" : "";
    }

    // Steps, one after another: potentials are sums in the order of the kernels' threads, D² of the members what it would become, and
    // what is chosen and tried next what the host would take.
    std::string take_steps(Draw& draw, bool accepts, bool all_are_centers) {
        if (all_are_centers) {
            _nearest.fill(0);
        }
        _steps.reserve(1);
        seeding::Steps& s = _steps[0];
        s.trials = s.tried_count = 1 + draw.below(16);
        s.accepted = accepts ? draw.below(_members) : -1;
        s.left = 1 + draw.below(6);
        s.potential = draw.below(8) ? INFINITY : draw.below(2) ? 0 : NAN;
        s.next = draw.below(_members + 1);
        s.member_count = _members;
        s.chosen_count = 0;
        for (int c = 0; c < s.trials; c++) {
            s.tried[c] = draw.below(_members);
        }
        for (int m = 0; m < _members; m++) {
            s.thresholds[m] = draw.between(0, 1.2) * _nearest[(size_t)_member_rows[(size_t)m]];
        }
        _tried_blocks = (_blocks + seeding::TriedParts - 1) / seeding::TriedParts;
        _potentials.reserve((size_t)(_tried_blocks * 16));
        _trials.reserve(16);
        int wrong = 0;
        for (int step = 0; step < 4 && wrong == 0; step++) {
            wrong += take_step();
        }
        return wrong > 0 ? std::to_string(wrong) + " of what steps give" : "";
    }

private:
    int take_step() {
        seeding::TryArgs a = {measured(), _nearest.at(),
            _weights.count ? _weights.at() : nullptr, _member_rows.at(), _potentials.at(), _trials.at(), _steps.at(), _finished.at(), _n};
        seeding::Steps before = _steps[0];
        std::vector<float> nearest = _nearest.read();
        emulated::launch<seeding::try_members>(a, _tried_blocks, seeding::Threads);
        const seeding::Steps& after = _steps[0];
        _trials.check("trials");
        _potentials.check("potentials");
        _nearest.check("D²");
        _steps.check("steps");
        if (before.tried_count < before.trials || before.left == 0 || !(before.potential > 0)) {
            return std::memcmp(&before, &after, sizeof before) != 0;
        }
        for (size_t row = 0; row < (size_t)_n && before.accepted >= 0; row++) {
            nearest[row] = std::fmin(nearest[row], distance(before.accepted, row));
        }
        int wrong = 0, best = 0;
        for (int c = 0; c < before.tried_count; c++) {
            wrong += _trials[(size_t)c].potential != potential(nearest, before.tried[c]);
            for (int m = 0; m < _members; m++) {
                size_t row = (size_t)_member_rows[(size_t)m];
                wrong += bits(_trials[(size_t)c].distances[m]) != bits(std::fmin(nearest[row], distance(before.tried[c], row)));
            }
            best = _trials[(size_t)c].potential < _trials[(size_t)best].potential ? c : best;
        }
        for (size_t row = 0; row < (size_t)_n; row++) {
            wrong += bits(nearest[row]) != bits(_nearest[row]);
        }
        std::vector<int> tried;
        int next = before.next;
        double left = _trials[(size_t)best].potential;
        while (before.left > 1 && left > 0 && next < _members && (int)tried.size() < before.trials) {
            if (before.thresholds[next] < _trials[(size_t)best].distances[next]) {
                tried.push_back(next);
            }
            next++;
        }
        wrong += after.left != before.left - 1 || after.chosen_count != before.chosen_count + 1 || after.next != next || after.trials != before.trials;
        wrong += after.accepted != before.tried[best] || after.chosen[before.chosen_count] != after.accepted || after.potential != left;
        wrong += after.tried_count != (int)tried.size() || !std::equal(tried.begin(), tried.end(), after.tried);
        for (int m = 0; m < _members; m++) {
            wrong += bits(after.distances[m]) != bits(_trials[(size_t)best].distances[m]);
        }
        return wrong + (_finished[0] != 0);
    }

    static uint bits(float v) { return v != v ? 0x7FC00000u : __builtin_bit_cast(uint, v); }

    void choose(Draw& draw, int members) {
        std::vector<int64> chosen;
        for (int m = 0; m < members; m++) {
            chosen.push_back(draw.below(_n));
            std::copy_n(_rows.at() + chosen.back() * _measure.rows.dimension, _measure.rows.dimension, _values.at() + m * _measure.rows.dimension);
        }
        _member_rows.set(chosen);
        _measure.member_count = members;
    }

    void measure() { emulated::launch<seeding::measure_members>(_measure, _tiles, seeding::TileThreads); }

    // As lanes_sum and block_sum add.
    static double lanes_sum(std::vector<double> v) {
        for (size_t half = v.size() / 2; half > 0; half /= 2) {
            for (size_t i = 0; i < half; i++) {
                v[i] += v[i + half];
            }
        }
        return v[0];
    }

    seeding::Measured measured() { return {_distances.at(), _is_marked ? _marks.at() : nullptr, (int64)_stride}; }

    // What was there before is less than any distance.
    void reserve_distances(size_t members) {
        _distances.reserve(members * _stride);
        _distances.fill(-1e30f);
    }

    // Of one of the members to a row: none where it is not marked.
    float distance(int m, size_t row) { return is_marked(m, row) ? _distances[(size_t)m * _stride + row] : INFINITY; }

    bool is_marked(int m, size_t row) {
        return !_is_marked || _marks[row / seeding::GroupRows * 4 + (size_t)seeding::mark_word(m)] >> seeding::mark_bit(m) & 1;
    }

    double potential(const std::vector<float>& nearest, int member) {
        auto share = [&](size_t row, float d) {
            double weight = row >= (size_t)_n ? 0 : _weights.count ? _weights[row] : 1;
            return weight > 0 ? weight * d : 0;
        };
        std::vector<double> blocks;
        for (size_t b = 0; b < (size_t)_tried_blocks; b++) {
            std::vector<double> lanes(32);
            size_t first = b * seeding::TriedCount / 16, marked = 0;
            for (size_t group = first; group < first + seeding::TriedGroups; group++) {
                if (group * 16 < (size_t)_n && !is_marked(member, group * 16)) {
                    std::vector<double> fours;
                    for (size_t row = group * 16; row < group * 16 + 16; row += 4) {
                        double sum = 0;
                        for (size_t i = row; i < row + 4; i++) {
                            sum += share(i, i < (size_t)_n ? nearest[i] : 0);
                        }
                        fours.push_back(sum);
                    }
                    lanes[(group - first) % 32] += lanes_sum(fours);
                }
            }
            for (size_t group = first; group < first + seeding::TriedGroups && group * 16 < (size_t)_n; group++) {
                for (size_t i = 0; i < 4 && is_marked(member, group * 16); i++) {
                    double d[4];
                    for (size_t k = 0; k < 4; k++) {
                        size_t row = group * 16 + i * 4 + k;
                        d[k] = row < (size_t)_n ? share(row, std::fmin(distance(member, row), nearest[row])) : 0;
                    }
                    lanes[marked % 8 * 4 + i] += (d[0] + d[1]) + (d[2] + d[3]);
                }
                marked += is_marked(member, group * 16);
            }
            blocks.push_back(lanes_sum(lanes));
        }
        return sum_of_blocks(blocks);
    }

    static double sum_of_blocks(const std::vector<double>& blocks) {
        std::vector<double> sums[4];
        std::fill_n(sums, 4, std::vector<double>(32));
        for (size_t b = 0; b < blocks.size(); b++) {
            sums[b / 32 % 4][b % 32] += blocks[b];
        }
        for (size_t i = 0; i < 32; i++) {
            sums[0][i] = (sums[0][i] + sums[1][i]) + (sums[2][i] + sums[3][i]);
        }
        return lanes_sum(sums[0]);
    }

    int _n, _members, _blocks, _tiles, _tried_blocks = 0;
    bool _is_marked = false;
    size_t _stride;
    Buffer<float> _rows, _origin, _weights, _nearest, _distances, _values;
    Buffer<double> _potentials;
    Buffer<int64> _member_rows;
    Buffer<int> _crowded, _finished;
    Buffer<uint> _marks;
    Buffer<seeding::Trial> _trials;
    Buffer<seeding::Steps> _steps;
    seeding::MeasureArgs _measure;
};

// Rows of a kind: 0 equal, near one another or between; 1 drawn alike; 2 of very different lengths, some beyond what squares have
// room for or no number; 3 far from the origin; 4 on a line from the origin, so that what shortening takes from columns adds up, and that
// is more than what the rows differ by in D²; 5 so short that squares are hardly numbers. Says what is wrong.
inline std::string check_seeding(Draw& draw, int kind, int dimension, int count, int centers, int members) {
    Matrix rows = draw_rows(draw, draw_centers(draw, 20, dimension), count);
    std::vector<float> origin((size_t)dimension), weights;
    std::vector<float> line(rows.row(0), rows.row(0) + dimension);
    for (int i = 0; i < count && kind > 0; i++) {
        int side = draw.below(3) - 1;
        double at = 0.875 + side * (0.375 - draw.between(0.6, 0.99) * 0x1p-11);
        double factor = kind == 2 ? std::pow(10, draw.below(3) ? draw.between(-1, 1) : draw.between(-30, 25)) : kind == 5 ? 0x1p-75 : 1;
        for (int d = 0; d < dimension; d++) {
            rows.row(i)[d] = (float)(kind == 4 ? at * std::copysign(1, line[(size_t)d]) : draw.normal() * factor + (kind == 3 ? 1000 : 0));
        }
        if (kind == 2 && draw.below(60) == 0) {
            rows.row(i)[draw.below(dimension)] = draw.below(3) == 0 ? 3e38f : draw.below(2) ? NAN : -INFINITY;
        }
    }
    for (int d = 0; d < dimension && kind != 1 && kind < 4; d++) {
        origin[(size_t)d] = kind == 3 ? 1000 : rows.row(draw.below(count))[d];
    }
    for (int i = 0; i < count && draw.below(2) + (int)weights.size(); i++) {
        weights.push_back(draw.below(5) ? (float)draw.between(0.1, 3) : 0);
    }
    std::string what = "k-means++, rows of kind " + std::to_string(kind) + ", D = " + std::to_string(dimension) + ", after " + std::to_string(centers)
        + " centres, " + std::to_string(members) + " members: ";
    Pool pool(rows, origin, weights, draw, centers, members);
    std::string wrong = pool.measure_all((kind == 1 || kind == 3) && centers >= 20 ? 0.15 : 1, draw.below(3) == 0);
    wrong = wrong.empty() ? pool.accept(draw) : wrong;
    for (int step = 0; step < 3 && wrong.empty(); step++) {
        wrong = pool.take_steps(draw, step > 0, step == 2 && draw.below(2));
    }
    return wrong.empty() ? "" : what + wrong;
}
