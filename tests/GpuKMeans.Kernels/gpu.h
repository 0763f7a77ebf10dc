// The host's side of the kernels: buffers, and launches as CudaEngine and AssignPlan make them, on a GPU of few multiprocessors.
#pragma once
#include "emulated/machine.h"
#include "rows.h"
#include <numeric>

#include "few_any.cuh"
#include "held.cuh"
#include "scan.cuh"
#include "totals.cuh"
#include "clusters.cuh"
#include "moves.cuh"

#include "assign_few_8.cu"
#include "assign_few_16.cu"
#include "assign_few_64.cu"
#include "assign_few_128.cu"
#include "assign_few_256.cu"
#include "assign_held_16.cu"
#include "assign_ring_16.cu"
#include "assign_held_32.cu"
#include "assign_ring_32.cu"
#include "assign_held_64.cu"
#include "assign_ring_64.cu"
#include "assign_held_128.cu"
#include "assign_ring_128.cu"
#include "centers.cu"
#include "rounding.cu"
#include "settle.cu"
#include "settle_batch.cu"
#include "totals.cu"
namespace direct {
#include "assign_direct.cu"
}
namespace looking {
#include "candidates.cu"
}
namespace wide {
#include "assign_wide.cu"
}
namespace hopper {
#include "assign_64_sm90a.cu"
#include "assign_128_sm90a.cu"
#include "assign_batch_sm90a.cu"
#include "assign_few_128_sm90a.cu"
#include "assign_few_256_sm90a.cu"
#include "assign_few_finer_sm90a.cu"
}
namespace sorting {
#include "sort.cu"
}
namespace summing {
#include "sums.cu"
}
namespace stepping {
#include "step.cu"
}

constexpr int Multiprocessors = 2;

// Memory with guards before and behind it. What was never written is no number.
template <typename T>
struct Buffer {
    std::vector<unsigned char> bytes;
    size_t count = 0;

    T* at() { return (T*)(((uintptr_t)bytes.data() + 511) / 256 * 256); }
    T& operator[](size_t i) { return at()[i]; }

    void reserve(size_t n) {
        count = n;
        bytes.assign(n * sizeof(T) + 1024, 0xA5);
        std::memset((void*)at(), 0xFF, n * sizeof(T));
    }

    void set(const std::vector<T>& values) {
        reserve(values.size());
        std::copy(values.begin(), values.end(), at());
    }

    void fill(T value) { std::fill(at(), at() + count, value); }
    std::vector<T> read() { return std::vector<T>(at(), at() + count); }

    void check(const char* what) {
        const unsigned char* end = (const unsigned char*)(at() + count);
        for (int i = 1; i <= 256; i++) {
            if (((const unsigned char*)at())[-i] != 0xA5 || (i <= 128 && end[i - 1] != 0xA5)) {
                std::printf("written outside of %s\n", what);
                std::exit(1);
            }
        }
    }
};

enum class Way { held, few, wide, direct, shared, shorter, batch, few_hopper };

// What becomes of open rows: their candidates are looked for, those of some or of all, or they are measured, in one or the other kernel.
enum class Open { looked_through, partly_measured, measured, measured_in_batch };

struct Found {
    std::vector<int> labels;
    std::vector<float> distances;
    uint64 bad;
};

class Gpu {
public:
    // `usual`: the length that rows do not exceed, most or nearly all.
    Gpu(Way way, const Matrix& centers, const std::vector<float>& origin, Open open, float usual = 0)
        : _way(way), _open(open), _clusters(centers.count), _dimension(centers.dimension) {
        _padded_columns = (_dimension + 15) / 16 * 16;
        if (way == Way::held) {
            _value_columns = _dimension <= 16 ? 16 : _dimension <= 32 ? 32 : _dimension <= 64 ? 64 : 128;
            _tiled_columns = _value_columns + 8;
        } else if (way == Way::few) {
            _tile_centers = _clusters <= 8 ? 8 : _clusters <= 16 ? 16 : _clusters <= 64 ? 64 : _clusters <= 128 ? 128 : 256;
            _halves_each = _tile_centers == 8 ? 2 : 1;
            _tiled_columns = _value_columns = (_dimension + 63) / 64 * 64;
        } else if (way == Way::few_hopper) {
            _tile_centers = _clusters <= 128 ? 128 : 256;
            _tiled_columns = _value_columns = (_dimension + 63) / 64 * 64;
        } else if (way == Way::shared) {
            _value_columns = 64;
            _tiled_columns = 80;
        } else if (way == Way::shorter || way == Way::batch) {
            _value_columns = 128;
            _tiled_columns = 144;
        } else if (way == Way::wide) {
            _tile_centers = 256;
            _tiled_columns = _value_columns = (_dimension + 63) / 64 * 64;
        }
        size_t padded = (size_t)padded_count();
        _values.set(centers.values);
        _origin.set(origin);
        _means.set(std::vector<double>(centers.values.begin(), centers.values.end()));
        _counts.set(std::vector<double>((size_t)_clusters, 0));
        _shifts.reserve((size_t)_clusters);
        _halves.reserve(padded * (size_t)_padded_columns);
        _tiles.reserve(padded * (size_t)(_tiled_columns * _halves_each));
        _half_squares.reserve(padded);
        _slots.reserve((size_t)_clusters);
        _twins.reserve((size_t)_clusters);
        while (_places < 2 * _clusters) {
            _places *= 2;
        }
        _table.set(std::vector<TwinSlot>((size_t)_places, TwinSlot{}));
        _extremes.set(std::vector<Extremes>(3, Extremes{}));
        _undecided_counts.set(std::vector<int>(6, 0));
        _finished.set(std::vector<int>((size_t)_clusters, 0));
        _result.reserve(1);
        _lengths.reserve((size_t)_clusters);
        Lengths lengths = {way == Way::direct ? nullptr : _lengths.at(), _finished.at(), extremes(), usual, usual};
        emulated::launch<measure_centers>(CenterArgs{_values.at(), _origin.at(), lengths, _table.at(), _slots.at(), _places - 1, _clusters, _dimension},
            _clusters, 128);
        int blocks = ((way == Way::direct ? _clusters : padded_count()) + 3) / 4;
        emulated::launch<prepare_centers>(PrepareArgs{rounding(), {}, blocks * 4}, blocks, 128);
    }

    Matrix centers() {
        Matrix m(_clusters, _dimension);
        m.values = _values.read();
        return m;
    }

    std::vector<double> means() { return _means.read(); }

    // `gathered`: the rows lie in another order, and are listed.
    Found assign(const Matrix& matrix, bool gathered = false) {
        size_t n = (size_t)matrix.count, row = (size_t)_dimension;
        std::vector<int64> index(n);
        std::iota(index.begin(), index.end(), 0);
        if (gathered) {
            std::shuffle(index.begin(), index.end(), emulated::order);
        }
        _index.set(index);
        _matrix.reserve(n * row);
        for (size_t i = 0; i < n; i++) {
            std::copy_n(matrix.values.begin() + (int64)(i * row), row, _matrix.at() + (size_t)index[i] * row);
        }
        _rows = {_matrix.at(), gathered ? _index.at() : nullptr, nullptr, 0, 0, _dimension, matrix.count};
        emulated::readable = {{_matrix.at(), _matrix.at() + n * row}, {_tiles.at(), _tiles.at() + _tiles.count}};
        _labels.reserve(n);
        _distances.reserve(n);
        _listed.reserve(n);
        _thresholds.reserve(n);
        _candidate_counts.reserve(n);
        _candidates.reserve(n * MostCandidates);
        // Of listed rows whole tiles are read; and a block that rounds its own has room for a tile of them and the origin.
        size_t tiles = (n + 127) / 128, blocks = std::min(tiles, (size_t)Multiprocessors);
        _rounded.reserve(std::max(_open == Open::measured_in_batch ? 0 : tiles * 128 * (size_t)_padded_columns,
            _way == Way::wide ? blocks * 130 * (size_t)_tiled_columns : 0));
        _scales.reserve(n);
        _bad.set({~0ull});
        _turn ^= 1;
        AssignArgs a = {_rows, centers_arguments(), undecided(), _labels.at(), _distances.at(), _bad.at(), (half_bits*)_rounded.at(), _scales.at(),
            most_scanned(), 0, 4};
        fast_pass(a);
        check_candidates();
        bool searches = _way == Way::held && a.stages == (_clusters + 127) / 128;
        bool looks = !searches && _way != Way::few && _way != Way::few_hopper && _way != Way::direct;
        if ((looks || searches) && _open == Open::measured_in_batch) {
            emulated::launch<settle_batch>(a, Multiprocessors * 2, 256);
        } else {
            if (looks) {
                emulated::launch<round_listed_rows>(a, Multiprocessors * 2, 128);
                a.stages = 3;
                emulated::launch<looking::find_candidates>(a, Multiprocessors * 2, 128, 2 * 128 * 4 + 2 * 3 * 128 * 128);
            }
            emulated::launch<settle_rows>(a, Multiprocessors * 2, 256);
        }
        check_guards();
        return {_labels.read(), _distances.read(), _bad[0]};
    }

    // Of the rows that were assigned last, how many the fast pass left open.
    int open_rows() { return _undecided_counts[3 * (size_t)_turn]; }

    // A step by the rows that were assigned last: they are sorted, or each cluster finds its own.
    void move(bool sorts) {
        int n = _rows.count, tiles = (n + 1023) / 1024, bits = 1, columns = 1;
        while (1 << bits < _clusters) {
            bits++;
        }
        while (columns < (_dimension % 4 ? _dimension : _dimension / 4) && columns < 128) {
            columns *= 2;
        }
        int segments = _clusters + n / 128;
        _offsets.reserve((size_t)_clusters + 1);
        _extras.reserve((size_t)_clusters + 1);
        _segment_sums.reserve((size_t)segments * (size_t)_dimension);
        _segment_weights.reserve((size_t)segments);
        _sorted.reserve((size_t)n);
        _totals.reserve((size_t)tiles);
        BlockTotalsArgs totals = {_rows, _distances.at(), nullptr, nullptr, _totals.at()};
        Moves moves = {_means.at(), _counts.at(), _shifts.at(), _values.at(), _origin.at(), _dimension, 0, 0};
        Rounding moved = rounding();
        moved.table = nullptr;
        _moved = true;
        if (!sorts) {
            emulated::launch<stepping::step_centers>(stepping::StepArgs{_rows, _labels.at(), moves, moved,
                extremes(1), extremes(2), {totals, {}, tiles}, columns}, _clusters + tiles, 128);
            _extremes_turn++;
            finish_step(tiles);
            return;
        }
        Clusters clusters = {nullptr, _offsets.at(), _extras.at(), _segment_sums.at(), _segment_weights.at(), _finished.at(), _clusters, n, 1, segments};
        emulated::launch<sorting::sort_batch>(sorting::SortArgs{{totals, {}, tiles}, clusters, _labels.at(), nullptr, nullptr, _sorted.at(), nullptr, nullptr,
            extremes(), n, n, tiles, 0, 1 << bits}, 2 * tiles + 1, 256);
        clusters.places = _sorted.at();
        emulated::launch<summing::sum_segments>(summing::SumArgs{_rows, clusters, nullptr, nullptr, moves, moved, columns}, segments, 128);
        finish_step(tiles);
    }

private:
    // A row that may be nearest to a centre of any class has as many values as that.
    int64 most_scanned() const {
        int64 of_row = (_clusters + Classes - 1) / Classes * (int64)Classes * _dimension;
        return _open == Open::looked_through ? 0 : _open == Open::partly_measured ? of_row / 2 : 1 << 25;
    }

    void finish_step(int tiles) {
        emulated::launch<final_total>(FinalTotalArgs{_totals.at(), _shifts.at(), _result.at(), _bad.at(), tiles, _clusters}, 1, 256);
        check_guards();
    }

    // Those of the centres, or in so many turns.
    Extremes* extremes(int turns = 0) { return _extremes.at() + (_extremes_turn + turns) % 3; }

    // All tiles of centres, or a ring of them with two barriers a stage.
    template <auto Held, auto Ring>
    void launch_held(const AssignArgs& a, int tiles, int blocks, int threads) {
        int bytes = 256 * _tiled_columns;
        a.stages == tiles ? emulated::launch<Held>(a, blocks, threads, a.stages * bytes)
            : emulated::launch<Ring>(a, blocks, threads, a.stages * (bytes + 16));
    }

    void fast_pass(AssignArgs& a) {
        int n = a.rows.count, tiles = (_clusters + 127) / 128;
        auto blocks_of = [&](int rows) { return std::min((n + rows - 1) / rows, Multiprocessors); };
        if (_way == Way::direct) {
            int blocks = (n + 255) / 256;
            _dimension <= 2 ? emulated::launch<direct::assign_direct_2>(a, blocks, 256)
                : _dimension == 3 ? emulated::launch<direct::assign_direct_3>(a, blocks, 256)
                : _dimension == 4 ? emulated::launch<direct::assign_direct_4>(a, blocks, 256)
                : _dimension <= 8 ? emulated::launch<direct::assign_direct_8>(a, blocks, 256)
                : emulated::launch<direct::assign_direct_16>(a, blocks, 256);
        } else if (_way == Way::held) {
            a.stages = tiles <= 4 ? tiles : 3;
            _value_columns == 16 ? launch_held<assign_held_16, assign_ring_16>(a, tiles, blocks_of(128), 128)
                : _value_columns == 32 ? launch_held<assign_held_32, assign_ring_32>(a, tiles, blocks_of(128), 128)
                : _value_columns == 64 ? launch_held<assign_held_64, assign_ring_64>(a, tiles, blocks_of(128), 128)
                : launch_held<assign_held_128, assign_ring_128>(a, tiles, blocks_of(384), 384);
        } else if (_way == Way::few) {
            int warps = _tile_centers == 256 ? 8 : 12, chunks = _tiled_columns / 64;
            a.stages = chunks <= 4 ? chunks : 3;
            int bytes = (_tiled_columns + _tile_centers) * 4 + warps * 3 * 16 * 64 * 4 + a.stages * _halves_each * _tile_centers * 128;
            int blocks = blocks_of(warps * 16);
            _tile_centers == 8 ? emulated::launch<assign_few_8>(a, blocks, warps * 32, bytes)
                : _tile_centers == 16 ? emulated::launch<assign_few_16>(a, blocks, warps * 32, bytes)
                : _tile_centers == 64 ? emulated::launch<assign_few_64>(a, blocks, warps * 32, bytes)
                : _tile_centers == 128 ? emulated::launch<assign_few_128>(a, blocks, warps * 32, bytes)
                : emulated::launch<assign_few_256>(a, blocks, warps * 32, bytes);
        } else if (_way == Way::shared) {
            static_assert(sizeof(hopper::SharedState) == 1080);     // AssignPlan.ForSharedRows
            a.stages = std::min(tiles, 2 + n % 7);
            emulated::launch<hopper::assign_shared_64>(a, std::min((n + 63) / 64, 1 + n % 3), 512, 65048 + a.stages * 20480);
        } else if (_way == Way::few_hopper) {
            bool finer = _tile_centers == 128 && n % 2;
            int warps = _tile_centers == 256 || finer ? 8 : 12, chunks = _tiled_columns / 64;
            a.stages = std::min(chunks, 2 + n % 4);
            int bytes = (_tiled_columns + _tile_centers) * 4 + warps * 3 * 16 * 64 * 4 + 512 + a.stages * _tile_centers * 128, blocks = blocks_of(warps * 16);
            finer ? emulated::launch<hopper::assign_few_finer>(a, blocks, (warps + 4) * 32, bytes)
                : _tile_centers == 128 ? emulated::launch<hopper::assign_few_128>(a, blocks, (warps + 4) * 32, bytes)
                : emulated::launch<hopper::assign_few_256>(a, blocks, (warps + 4) * 32, bytes);
        } else if (_way == Way::shorter) {
            a.stages = std::min(tiles, 2 + n % 4);
            emulated::launch<hopper::assign_short_128>(a, blocks_of(192), 512, 512 + a.stages * 256 * 144);
        } else if (_way == Way::batch) {
            a.stages = std::min(tiles, 2 + n % 4);
            emulated::launch<hopper::assign_batch_128>(a, (n + 63) / 64, 512, 512 + a.stages * 256 * 144);
        } else {
            a.stages = 2 + n % 3;
            emulated::launch<wide::assign_wide>(a, blocks_of(128), 256, a.stages * 384 * 128 + 128 * 4);
        }
    }

    int padded_count() const { return (_clusters + _tile_centers - 1) / _tile_centers * _tile_centers; }

    Centers centers_arguments() {
        return {_values.at(), _origin.at(), _halves.at(), _tiled_columns ? _tiles.at() : nullptr, _half_squares.at(), extremes(),
            _moved ? nullptr : _twins.at(), _clusters, _padded_columns, _tiled_columns, (_clusters + 127) / 128};
    }

    Rounding rounding() {
        bool rounds = _way != Way::direct;
        return {_values.at(), _origin.at(), rounds ? _halves.at() : nullptr, _tiled_columns ? _tiles.at() : nullptr, _half_squares.at(),
            extremes(), _table.at(), _slots.at(), _twins.at(), _clusters, _dimension, _padded_columns,
            _tiled_columns, _value_columns, _tile_centers, _way != Way::wide && _way != Way::shared, _halves_each};
    }

    Undecided undecided() {
        return {_undecided_counts.at() + 3 * _turn, _undecided_counts.at() + 3 * (_turn ^ 1), _listed.at(), _thresholds.at(), _candidate_counts.at(),
            _candidates.at()};
    }

    // Candidates that are listed are centres that exist.
    void check_candidates() {
        for (int i = 0; i < _undecided_counts[3 * (size_t)_turn + 1]; i++) {
            size_t entry = (size_t)(_rows.count - 1 - i);
            for (int c = 0; c < _candidate_counts[entry]; c++) {
                int k = _candidates[entry * MostCandidates + (size_t)c];
                if (k < 0 || k >= _clusters || _candidate_counts[entry] > MostCandidates) {
                    std::printf("candidate %d of %d, of centre %d of %d\n", c, _candidate_counts[entry], k, _clusters);
                    std::exit(1);
                }
            }
        }
    }

    void check_guards() {
        _values.check("the centres"), _means.check("the means"), _counts.check("the counts"), _shifts.check("the shifts");
        _halves.check("the halves"), _tiles.check("the tiles"), _half_squares.check("the half squares"), _slots.check("the slots");
        _twins.check("the twins"), _table.check("the table"), _extremes.check("the extremes"), _lengths.check("the lengths"), _labels.check("the labels");
        _distances.check("the distances"), _listed.check("the list"), _thresholds.check("the thresholds"), _bad.check("the bad row");
        _candidate_counts.check("the candidate counts"), _candidates.check("the candidates"), _undecided_counts.check("the counters");
        _rounded.check("the rounded rows"), _scales.check("the scales"), _finished.check("what is finished"), _result.check("the result");
        _offsets.count ? _offsets.check("the offsets"), _extras.check("the extras"), _segment_sums.check("the segments' sums"),
            _segment_weights.check("the segments' weights"), _sorted.check("the sorted places"), _totals.check("the totals") : void();
    }

    Way _way;
    Open _open;
    bool _moved = false;
    int _clusters, _dimension, _padded_columns, _value_columns = 0, _tiled_columns = 0, _tile_centers = 128, _halves_each = 1, _turn = 0, _extremes_turn = 0, _places = 1;
    Rows _rows{};
    Buffer<float> _values, _origin, _half_squares, _matrix, _distances, _thresholds;
    Buffer<float2> _scales, _lengths;
    Buffer<double> _means, _counts, _shifts, _segment_sums, _segment_weights;
    Buffer<half_bits> _halves, _tiles, _rounded;
    Buffer<Extremes> _extremes;
    Buffer<uint64> _bad;
    Buffer<int64> _index;
    Buffer<TwinSlot> _table;
    Buffer<Total> _totals, _result;
    Buffer<int> _slots, _twins, _labels, _listed, _candidate_counts, _candidates, _undecided_counts, _finished, _offsets, _extras, _sorted;
};

// The sums of rows by label over all parts: in one launch, or one part after another.
inline Sums sums_of(const Matrix& matrix, const std::vector<float>& weights, const std::vector<int>& labels, int clusters, int part_rows, bool together) {
    int count = matrix.count, dimension = matrix.dimension, bits = 1, columns = 1;
    while (1 << bits < clusters) {
        bits++;
    }
    while (columns < (dimension % 4 ? dimension : dimension / 4) && columns < 128) {
        columns *= 2;
    }
    int passes = (bits + 9) / 10, each = (bits + passes - 1) / passes, digits = 1 << each;
    Buffer<float> values, row_weights;
    Buffer<double> sums, sum_weights, segment_sums, segment_weights;
    Buffer<int> keys, keys_a, keys_b, places_a, places_b, counts, totals, offsets, extras, finished;
    values.set(matrix.values);
    row_weights.set(weights);
    sums.set(std::vector<double>((size_t)clusters * (size_t)dimension, 0));
    sum_weights.set(std::vector<double>((size_t)clusters, 0));
    finished.set(std::vector<int>((size_t)clusters, 0));
    for (int first = 0; first < count; first += together ? count : part_rows) {
        int n = together ? count : std::min(part_rows, count - first), rows_of_part = std::min(n, part_rows);
        int parts = (n + rows_of_part - 1) / rows_of_part, tiles = (rows_of_part + 1023) / 1024, segments = clusters + rows_of_part / 128;
        keys.set(std::vector<int>(labels.begin() + first, labels.begin() + first + n));
        for (auto* of_rows : {&keys_a, &keys_b, &places_a, &places_b}) {
            of_rows->reserve((size_t)n);
        }
        counts.reserve((size_t)(parts * tiles * digits));
        totals.reserve((size_t)(parts * digits));
        offsets.reserve((size_t)(parts * (clusters + 1)));
        extras.reserve((size_t)(parts * (clusters + 1)));
        segment_sums.reserve((size_t)parts * (size_t)segments * (size_t)dimension);
        segment_weights.reserve((size_t)(parts * segments));
        Clusters c = {nullptr, offsets.at(), extras.at(), segment_sums.at(), segment_weights.at(), finished.at(), clusters, rows_of_part, parts, segments};
        const int* sorted = keys.at();
        for (int pass = 0; pass < passes; pass++) {
            int* to_keys = passes == 1 ? nullptr : (pass % 2 ? keys_b : keys_a).at();
            int* to_places = (pass % 2 ? places_b : places_a).at();
            sorting::SortArgs a = {{}, passes == 1 ? c : Clusters{}, sorted, c.places, to_keys, to_places, counts.at(), totals.at(), nullptr, n, rows_of_part,
                tiles, pass * each, digits};
            emulated::launch<sorting::sort_count>(a, tiles, 256, 0, parts);
            emulated::launch<sorting::sort_sum>(a, (digits + 7) / 8, 256, 0, parts);
            emulated::launch<sorting::sort_place>(a, tiles, 256, 0, parts);
            sorted = to_keys;
            c.places = to_places;
        }
        if (passes > 1) {
            emulated::launch<sorting::find_offsets>(sorting::OffsetsArgs{sorted, offsets.at(), n, rows_of_part, clusters}, (rows_of_part + 256) / 256, 256, 0, parts);
            emulated::launch<sorting::find_extras>(sorting::ExtrasArgs{offsets.at(), extras.at(), clusters}, 1, 1024, 0, parts);
        }
        Rows rows = {values.at(), nullptr, weights.empty() ? nullptr : row_weights.at(), first, first, dimension, n};
        emulated::launch<summing::sum_segments>(summing::SumArgs{rows, c, sums.at(), sum_weights.at(), {}, {}, columns}, segments, 128, 0, parts);
        for (auto* b : {&keys_a, &keys_b, &places_a, &places_b, &counts, &totals, &offsets, &extras, &finished}) {
            b->check("what is sorted");
        }
        segment_sums.check("the segments' sums");
        segment_weights.check("the segments' weights");
    }
    return {sums.read(), sum_weights.read(), {}};
}
