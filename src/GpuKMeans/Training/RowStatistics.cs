using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using GpuKMeans.Engines.Cpu;

namespace GpuKMeans;

/// <summary>
/// One pass over rows before any work starts: finds what is not finite, too large or, under cosine, without direction,
/// and takes the weighted mean and variance of the columns. The same bits for any number of threads.
/// </summary>
internal sealed unsafe class RowStatistics : IDisposable
{
    private const int ChunkRows = 4096;
    private const int PieceValues = 1 << 16;
    private const int ChunksAtOnce = 64;

    private readonly WorkerTeam _team;
    private readonly int _dimension;
    private readonly bool _normalize;
    private readonly NativeBuffer<double> _sums;
    private readonly double[] _totals;
    private readonly double[] _chunkWeights = new double[ChunksAtOnce];
    private readonly long[] _chunkPositive = new long[ChunksAtOnce];
    private readonly float[] _pivot;
    private readonly int _pieceRows;
    private NativeBuffer<float>? _copies;
    private double _weight;
    private long _positive;

    // The rows at hand.
    private CpuData? _data;
    private long _firstRow;
    private long _firstChunk;

    /// <summary>Begins with no rows.</summary>
    public RowStatistics(int dimension, bool normalize, int threads)
    {
        _team = new WorkerTeam(threads == -1 ? Environment.ProcessorCount : threads);
        (_dimension, _normalize) = (dimension, normalize);
        _pieceRows = Math.Clamp(PieceValues / _dimension, 1, ChunkRows);
        _sums = new NativeBuffer<double>(ChunksAtOnce * 2L * _dimension);
        _totals = new double[2 * _dimension];
        _pivot = new float[_dimension];
    }

    /// <summary>The number of rows added.</summary>
    public long Count { get; private set; }

    /// <summary>What is known of the rows added so far.</summary>
    public RowSummary Summary
    {
        get
        {
            float[] means = new float[_dimension];
            double variance = 0;
            for (int d = 0; d < _dimension && _weight > 0; d++)
            {
                double mean = _totals[d] / _weight;
                means[d] = (float)(_pivot[d] + mean);
                variance += Math.Max(0, (_totals[_dimension + d] / _weight) - (mean * mean));
            }

            return new RowSummary(means, variance / _dimension, _positive);
        }
    }

    /// <summary>Takes the statistics.</summary>
    /// <exception cref="ArgumentException">A row or a weight is unfit; the message names the row.</exception>
    public static RowSummary Of(
        VectorSource rows, ReadOnlyMemory<float> weights, bool normalize, int threads, CancellationToken cancellationToken)
    {
        using var statistics = new RowStatistics(rows.Dimension, normalize, threads);
        statistics.Add(rows, weights, cancellationToken);
        return statistics.Summary;
    }

    /// <summary>Throws the error that names the first unfit row by its place in a stream, if there is one.</summary>
    /// <param name="rows">Rows of the stream.</param>
    /// <param name="firstRow">Which row of the stream the first of them is.</param>
    /// <param name="normalize">Whether rows need a direction.</param>
    public static void Refuse(VectorSource rows, long firstRow, bool normalize)
    {
        using var statistics = new RowStatistics(rows.Dimension, normalize, threads: 1) { Count = firstRow };
        statistics.Add(rows, default, CancellationToken.None);
    }

    /// <summary>Adds rows. In parts of a multiple of 4096 rows, they give the same bits as at once.</summary>
    /// <exception cref="ArgumentException">A row or a weight is unfit; the message names the row.</exception>
    public void Add(VectorSource rows, ReadOnlyMemory<float> weights, CancellationToken cancellationToken)
    {
        if (!weights.IsEmpty && weights.Length != rows.Count)
        {
            throw KMeansErrors.WeightCount(weights.Length, rows.Count);
        }

        var frame = new Engines.RowFrame(new float[_dimension], _normalize);
        using var data = new CpuData(rows, weights, frame) { FirstRow = Count };
        (_data, _firstRow) = (data, Count);
        if (data.Rows is null)
        {
            NativeBuffer<float>.Ensure(ref _copies, _team.Threads * (long)_pieceRows * _dimension);
        }

        long chunks = (data.Count + ChunkRows - 1) / ChunkRows;
        if (Count == 0 && chunks > 0)
        {
            fixed (float* pivot = _pivot)
            {
                data.CopyRange(0, 1, pivot);
            }

            CheckRow(_pivot, 0);
        }

        for (_firstChunk = 0; _firstChunk < chunks; _firstChunk += ChunksAtOnce)
        {
            cancellationToken.ThrowIfCancellationRequested();
            int count = (int)Math.Min(ChunksAtOnce, chunks - _firstChunk);
            _team.Run(count, 8.0 * count * ChunkRows * _dimension, Chunk);
            for (int chunk = 0; chunk < count; chunk++)
            {
                double* sums = _sums.Pointer + (chunk * 2L * _dimension);
                for (int i = 0; i < _totals.Length; i++)
                {
                    _totals[i] += sums[i];
                }

                _weight += _chunkWeights[chunk];
                _positive += _chunkPositive[chunk];
            }
        }

        Count += data.Count;
        _data = null;
    }

    public void Dispose()
    {
        _copies?.Dispose();
        _sums.Dispose();
    }

    private void Chunk(int chunk, int slot)
    {
        long first = (_firstChunk + chunk) * ChunkRows;
        int count = (int)Math.Min(ChunkRows, _data!.Count - first);
        double* sums = _sums.Pointer + (chunk * 2L * _dimension);
        new Span<double>(sums, 2 * _dimension).Clear();
        _chunkWeights[chunk] = 0;
        _chunkPositive[chunk] = 0;
        for (int done = 0; done < count; done += _pieceRows)
        {
            Piece(chunk, first + done, Math.Min(_pieceRows, count - done), slot, sums);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Piece(int chunk, long first, int count, int slot, double* sums)
    {
        float* rows = Rows(first, count, slot);
        fixed (float* pivot = _pivot)
        {
            for (int r = 0; r < count; r++)
            {
                double weight = Weight(first + r);
                _chunkWeights[chunk] += weight;
                _chunkPositive[chunk] += weight > 0 ? 1 : 0;
                Add(rows + (r * (long)_dimension), pivot, sums, weight);
            }
        }

        // Sums that are large or not finite tell that a row is; small weights hide it.
        if (_data!.Weights is not null
            || !(TensorPrimitives.Sum(new ReadOnlySpan<double>(sums + _dimension, _dimension)) < RowCheck.LargestSquaredNorm / 1e6))
        {
            for (int r = 0; r < count; r++)
            {
                CheckRow(new ReadOnlySpan<float>(rows + (r * (long)_dimension), _dimension), _firstRow + first + r);
            }
        }
    }

    private static void CheckRow(ReadOnlySpan<float> row, long number)
    {
        if (!RowCheck.IsFit(row))
        {
            RowCheck.ThrowNotFinite(row, number);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Add(float* row, float* pivot, double* sums, double weight)
    {
        int d = 0;
        for (; d <= _dimension - 8; d += 8)
        {
            Vector512<double> difference = Lanes.Widen(Vector256.Load(row + d) - Vector256.Load(pivot + d));
            Vector512<double> weighted = difference * weight;
            (Vector512.Load(sums + d) + weighted).Store(sums + d);
            (Vector512.Load(sums + _dimension + d) + (weighted * difference)).Store(sums + _dimension + d);
        }

        for (; d < _dimension; d++)
        {
            double difference = row[d] - pivot[d];
            sums[d] += weight * difference;
            sums[_dimension + d] += weight * difference * difference;
        }
    }

    private double Weight(long row)
    {
        if (_data!.Weights is null)
        {
            return 1;
        }

        float weight = _data.Weights[row];
        return weight >= 0 && float.IsFinite(weight) ? weight : throw KMeansErrors.BadWeight(_firstRow + row, weight);
    }

    private float* Rows(long first, int count, int slot)
    {
        if (_data!.Rows is not null)
        {
            return _data.Rows + (first * _dimension);
        }

        float* copies = _copies!.Pointer + (slot * (long)_pieceRows * _dimension);
        _data.CopyRange(first, count, copies);
        return copies;
    }
}

/// <summary>What training needs to know of rows.</summary>
/// <param name="Mean">The mean of each column.</param>
/// <param name="MeanVariance">The mean over the columns of their variance.</param>
/// <param name="PositiveRows">The rows of weight above 0.</param>
internal sealed record RowSummary(float[] Mean, double MeanVariance, long PositiveRows);
