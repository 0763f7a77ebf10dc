using System.Numerics.Tensors;
using System.Runtime.CompilerServices;

namespace GpuKMeans.Engines.Cpu;

/// <content>Mini-batch steps.</content>
internal sealed unsafe partial class CpuEngine
{
    private const int MostRowsAlone = 256;

    private NativeBuffer<int>? _stepLabels;
    private NativeBuffer<float>? _stepDistances;
    private NativeBuffer<int>? _clusterEnds;

    public override void RunSteps(EngineData data, RowOrder order, long position, int batchSize, Span<StepStatistics> steps)
    {
        var rows = (CpuData)data;
        EndBounds();
        int* labels = NativeBuffer<int>.Ensure(ref _stepLabels, _blockCapacity);
        float* distances = NativeBuffer<float>.Ensure(ref _stepDistances, _blockCapacity);
        for (int i = 0; i < steps.Length; i++)
        {
            int batch = (int)Math.Min(batchSize, order.Count - position);
            StartSums(many: false);
            double inertia = 0, shift;
            try
            {
                bool sorted = false;
                for (int done = 0; done < batch; done += _blockCapacity)
                {
                    int count = Math.Min(_blockCapacity, batch - done);
                    SetBlock(rows, order, position + done, count, labels, distances);
                    AssignBlock();
                    inertia += BlockInertia();

                    // The last rows are added to the sums as the centres move.
                    sorted = done + count == batch && SortRows();
                    if (!sorted)
                    {
                        AccumulateBlock();
                    }
                }

                shift = MoveAll(toMeans: false, sorted);
            }
            catch
            {
                // Rows that could not be read: what was summed of the batch must not reach the next.
                ClearSums();
                throw;
            }
            finally
            {
                EndBlock();
            }

            steps[i] = new StepStatistics(inertia, TensorPrimitives.Sum<double>(_movedWeights), shift);
            position += batch;
        }
    }

    /// <summary>
    /// Lists the rows of the block cluster by cluster, so that each cluster's can be summed just before it moves: unless
    /// there are too few clusters for that to be shared, or one of them has more rows than a thread should sum alone.
    /// </summary>
    /// <returns>Whether it did.</returns>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private bool SortRows()
    {
        if (_panels!.PanelCount < 4 * _team.Threads)
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
                Prefetch(RowPointers[listed[i + RowsAhead]], _dimension);
            }

            double weight = BlockWeight(listed[i]);
            Add(Sum(0, cluster), RowPointers[listed[i]], _dimension, weight);
            *SumWeight(0, cluster) += weight;
        }
    }
}
