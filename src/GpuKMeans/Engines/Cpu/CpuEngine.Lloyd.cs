using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace GpuKMeans.Engines.Cpu;

/// <content>Full iterations over all rows.</content>
internal sealed unsafe partial class CpuEngine
{
    public override LloydStatistics Accumulate(EngineData data, CancellationToken cancellationToken)
    {
        var rows = (CpuData)data;
        bool first = rows.Labels is null;
        rows.Labels ??= new NativeBuffer<int>(data.Count);
        rows.Distances ??= new NativeBuffer<float>(data.Count);
        int* before = NativeBuffer<int>.Ensure(ref _stepLabels, _blockCapacity);
        StartSums(many: true);
        float* bounds = StartBounds(rows);
        (_passRows, _unboundRows) = (_boundsHold ? _unboundRows : data.Count, 0);
        double inertia = 0;
        long changed = 0;
        try
        {
            for (long start = 0; start < data.Count; start += _blockCapacity)
            {
                cancellationToken.ThrowIfCancellationRequested();
                int count = (int)Math.Min(_blockCapacity, data.Count - start);
                int* label = rows.Labels.Pointer + start;
                new ReadOnlySpan<int>(label, count).CopyTo(new Span<int>(before, count));
                float* distances = rows.Distances.Pointer + start;
                SetBlock(rows, RowOrder.Sequential(data.Count), start, count, label, distances, bounds + start);
                AssignBlock();
                AccumulateBlock();
                inertia += BlockInertia();
                changed += first ? count : Differences(label, before, count);
            }
        }
        catch
        {
            // Labels of part of the rows are no labels of the pass before.
            ClearSums();
            EndBounds();
            rows.Labels.Dispose();
            rows.Labels = null;
            throw;
        }
        finally
        {
            EndBlock();
        }

        return new LloydStatistics(inertia, changed);
    }

    public override double MoveCenters(EngineData data, out int relocated)
    {
        for (int j = 0; j < _clusters; j++)
        {
            Gather(j);
        }

        relocated = FillEmptyClusters((CpuData)data);
        return MoveAll(toMeans: true);
    }

    public override void GetLabels(EngineData data, long start, Span<int> labels) =>
        new ReadOnlySpan<int>(((CpuData)data).Labels!.Pointer + start, labels.Length).CopyTo(labels);

    private int FillEmptyClusters(CpuData data)
    {
        int[] empty = [.. Enumerable.Range(0, _clusters).Where(j => *SumWeight(0, j) <= 0)];
        int filled = 0, looked = 0;

        // A row may have to be passed over, so more may have to be looked at: each time twice as many.
        for (int count = empty.Length; filled < empty.Length; count *= 2)
        {
            long[] rows = FindFarthest(data, count);
            for (; looked < rows.Length && filled < empty.Length; looked++)
            {
                filled += Relocate(data, rows[looked], empty[filled]) ? 1 : 0;
            }

            if (rows.Length < count)
            {
                break;
            }
        }

        return filled;
    }

    /// <summary>Gives a row to an empty cluster, unless the cluster that has it would be emptied.</summary>
    private bool Relocate(CpuData data, long row, int cluster)
    {
        int donor = data.Labels!.Pointer[row];
        double weight = data.Weights is null ? 1 : data.Weights[row];
        if (*SumWeight(0, donor) <= weight * (1 + 1e-9))
        {
            return false;
        }

        using var copy = new NativeBuffer<float>(_dimension);
        data.Copy([row], copy.Pointer);
        for (int d = 0; d < _dimension; d++)
        {
            Sum(0, cluster)[d] = weight * copy.Pointer[d];
            Sum(0, donor)[d] -= weight * copy.Pointer[d];
        }

        *SumWeight(0, cluster) = weight;
        *SumWeight(0, donor) -= weight;
        return true;
    }

    /// <summary>The rows farthest from their centres, farthest first, none at distance 0 or of weight 0.</summary>
    private long[] FindFarthest(CpuData data, int most)
    {
        var farthest = new FarthestRows(most, data.Count);
        for (long start = 0; start < data.Count; start += _blockCapacity)
        {
            int count = (int)Math.Min(_blockCapacity, data.Count - start);
            farthest.Add(
                new ReadOnlySpan<float>(data.Distances!.Pointer + start, count),
                data.Weights is null ? default : new ReadOnlySpan<float>(data.Weights + start, count));
        }

        return farthest.InOrder();
    }

    private void ClearSums()
    {
        new Span<double>(_sumWeights!.Pointer, _stretches * _clusters).Clear();
        for (int j = 0; j < _stretches * _clusters; j++)
        {
            new Span<double>(_sums!.Pointer + (j * (long)_dimension), _dimension).Clear();
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static long Differences(int* now, int* before, int count)
    {
        long same = 0;
        int i = 0;
        for (; i <= count - 16; i += 16)
        {
            same += BitOperations.PopCount(Vector512.Equals(Vector512.Load(now + i), Vector512.Load(before + i)).ExtractMostSignificantBits());
        }

        for (; i < count; i++)
        {
            same += now[i] == before[i] ? 1 : 0;
        }

        return count - same;
    }
}
