using System.Runtime.CompilerServices;

namespace GpuKMeans.Engines.Cpu;

/// <content>
/// Sums built cluster after cluster: the same bits as <see cref="AccumulateBlock"/>'s where a block is one stretch, for each
/// sum is built in the order of the rows, and faster where the sums together are more than a cache holds.
/// </content>
internal sealed unsafe partial class CpuEngine
{
    private const int MostRowsAlone = 256;

    private readonly Action<int, int> _addUnit;

    private NativeBuffer<int>? _clusterEnds;
    private int _addUnits;

    private void AddSorted()
    {
        _addUnits = Math.Min(_clusters, 16 * _team.Threads);
        _team.Run(_addUnits, 4.0 * _blockRows * _dimension, _addUnit);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void AddUnit(int unit, int slot)
    {
        int end = (int)(_clusters * (unit + 1L) / _addUnits);
        for (int j = (int)(_clusters * (long)unit / _addUnits); j < end; j++)
        {
            AddRows(j);
        }
    }

    /// <summary>
    /// Lists the rows of the block cluster by cluster, so that a sum stays in cache until all its rows are added: unless
    /// there are too few clusters for that to be shared, or one of them has more rows than a thread should add alone.
    /// </summary>
    /// <returns>Whether it did.</returns>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private bool SortRows()
    {
        if (_clusters < 4 * _team.Threads)
        {
            return false;
        }

        int* ends = NativeBuffer<int>.Ensure(ref _clusterEnds, _clusters);
        new Span<int>(ends, _clusters).Clear();
        for (int row = 0; row < _blockRows; row++)
        {
            ends[_blockLabels[row]]++;
        }

        int start = 0, most = 0;
        for (int j = 0; j < _clusters; j++)
        {
            (start, ends[j], most) = (start + ends[j], start, Math.Max(most, ends[j]));
        }

        if (most > MostRowsAlone && most * 4 * _team.Threads > _blockRows)
        {
            return false;
        }

        int* listed = _listed!.Pointer;
        for (int row = 0; row < _blockRows; row++)
        {
            listed[ends[_blockLabels[row]]++] = row;
        }

        return true;
    }

    /// <summary>Adds a cluster's rows, as <see cref="SortRows"/> listed them, to its sum.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void AddRows(int cluster)
    {
        int first = cluster == 0 ? 0 : _clusterEnds!.Pointer[cluster - 1], end = _clusterEnds!.Pointer[cluster];
        int* listed = _listed!.Pointer;
        for (int i = first; i < end; i++)
        {
            if (i + RowsAhead < _blockRows)
            {
                Lanes.Prefetch(RowPointers[listed[i + RowsAhead]], _dimension);
            }

            double weight = BlockWeight(listed[i]);
            Add(Sum(0, cluster), RowPointers[listed[i]], _dimension, weight);
            *SumWeight(0, cluster) += weight;
        }
    }
}
