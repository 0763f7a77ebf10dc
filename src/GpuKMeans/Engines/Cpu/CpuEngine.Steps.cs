using System.Numerics.Tensors;

namespace GpuKMeans.Engines.Cpu;

/// <content>Mini-batch steps.</content>
internal sealed unsafe partial class CpuEngine
{
    private NativeBuffer<int>? _stepLabels;
    private NativeBuffer<float>? _stepDistances;

    public override void RunSteps(EngineData data, RowOrder order, long position, int batchSize, Span<StepStatistics> steps)
    {
        var rows = (CpuData)data;
        EndBounds();
        int* labels = NativeBuffer<int>.Ensure(ref _stepLabels, _blockCapacity);
        float* distances = NativeBuffer<float>.Ensure(ref _stepDistances, _blockCapacity);
        for (int i = 0; i < steps.Length; i++)
        {
            int batch = (int)Math.Min(batchSize, order.Count - position);
            _passRows = batch;
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

                    // The last rows are added to the sums as the centres move, where there are panels enough to share.
                    sorted = done + count == batch && _panels!.PanelCount >= 4 * _team.Threads && SortRows();
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
}
