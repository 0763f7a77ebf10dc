using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace GpuKMeans.Engines.Cpu;

/// <content>
/// The sums of the rows of each cluster, in float64. A block is split into stretches of rows, a fixed number of them,
/// each with sums of its own, and into slices of columns; every sum is built in the order of the rows.
/// </content>
internal sealed unsafe partial class CpuEngine
{
    private const int SumBytes = 1 << 20;
    private const int MaxStretches = 16;
    private const int MinSliceColumns = 16;
    private const int RowsAhead = 4;

    private readonly Action<int, int> _accumulateUnit;

    private NativeBuffer<double>? _sums;
    private NativeBuffer<double>? _sumWeights;
    private int _stretches;
    private int _slices;
    private int _sliceColumns;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private double* Sum(int stretch, int cluster) => _sums!.Pointer + (((stretch * (long)_clusters) + cluster) * _dimension);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private double* SumWeight(int stretch, int cluster) => _sumWeights!.Pointer + ((stretch * (long)_clusters) + cluster);

    /// <summary>Starts sums at zero.</summary>
    /// <param name="many">Whether there are rows enough to make several sums a cluster worth their adding up.</param>
    private void StartSums(bool many)
    {
        long size = _clusters * (long)_dimension;
        int stretches = many ? (int)Math.Clamp(SumBytes / sizeof(double) / size, 1, MaxStretches) : 1;
        if (stretches != _stretches || _sums is null)
        {
            _sums?.Dispose();
            _sumWeights?.Dispose();
            _sums = new NativeBuffer<double>(stretches * size, clear: true);
            _sumWeights = new NativeBuffer<double>(stretches * (long)_clusters, clear: true);
            _stretches = stretches;
        }

        // How columns are shared out changes no bits, so it may follow the threads.
        int wanted = Math.Max(1, _team.Threads / stretches);
        _sliceColumns = Math.Max(MinSliceColumns, ((_dimension / wanted) + MinSliceColumns - 1) / MinSliceColumns * MinSliceColumns);
        _slices = (_dimension + _sliceColumns - 1) / _sliceColumns;
    }

    private void AccumulateBlock()
    {
        if (_stretches == 1 && SortRows())
        {
            AddSorted();
            return;
        }

        // A float64 read, added and written costs about as much as eight products.
        _team.Run(_stretches * _slices, 8.0 * _blockRows * _dimension, _accumulateUnit);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void AccumulateUnit(int unit, int slot)
    {
        int stretch = unit / _slices, slice = unit % _slices;
        int first = (int)((long)_blockRows * stretch / _stretches), end = (int)((long)_blockRows * (stretch + 1) / _stretches);
        int column = slice * _sliceColumns, columns = Math.Min(_sliceColumns, _dimension - column);
        double* sumWeights = SumWeight(stretch, 0);
        for (int row = first; row < end; row++)
        {
            if (row + RowsAhead < end)
            {
                Lanes.Prefetch(RowPointers[row + RowsAhead] + column, columns);
                Lanes.Prefetch((float*)(Sum(stretch, _blockLabels[row + RowsAhead]) + column), 2 * columns);
            }

            int label = _blockLabels[row];
            double weight = BlockWeight(row);
            Add(Sum(stretch, label) + column, RowPointers[row] + column, columns, weight);
            if (slice == 0)
            {
                sumWeights[label] += weight;
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private double BlockWeight(int row) => _blockData!.Weights is null ? 1 : _blockData.Weights[_blockOrder[_blockStart + row]];

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Add(double* sum, float* row, int columns, double weight)
    {
        int d = 0;
        for (; d <= columns - 8; d += 8)
        {
            Vector512<double> values = Lanes.Widen(Vector256.Load(row + d)) * weight;
            (Vector512.Load(sum + d) + values).Store(sum + d);
        }

        for (; d < columns; d++)
        {
            sum[d] += weight * row[d];
        }
    }

    /// <summary>Adds the stretches' sums of a cluster into the first, and clears the others.</summary>
    /// <returns>The weight of the cluster's rows.</returns>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private double Gather(int cluster)
    {
        double* total = Sum(0, cluster);
        double* weight = SumWeight(0, cluster);
        for (int stretch = 1; stretch < _stretches; stretch++)
        {
            Drain(Sum(stretch, cluster), total, _dimension);
            *weight += *SumWeight(stretch, cluster);
            *SumWeight(stretch, cluster) = 0;
        }

        return *weight;
    }

    // total += part, part = 0
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Drain(double* part, double* total, int dimension)
    {
        int d = 0;
        for (; d <= dimension - 8; d += 8)
        {
            (Vector512.Load(total + d) + Vector512.Load(part + d)).Store(total + d);
            Vector512<double>.Zero.Store(part + d);
        }

        for (; d < dimension; d++)
        {
            total[d] += part[d];
            part[d] = 0;
        }
    }
}
