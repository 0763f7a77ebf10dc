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
            StartSums(many: false);
            double inertia = 0;
            try
            {
                for (int done = 0; done < batch; done += _blockCapacity)
                {
                    int count = Math.Min(_blockCapacity, batch - done);
                    SetBlock(rows, order, position + done, count, labels, distances);
                    AssignBlock();
                    AccumulateBlock();
                    inertia += BlockInertia();
                }
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

            double weight = StepWeight();
            steps[i] = new StepStatistics(inertia, weight, MoveAll(toMeans: false));
            position += batch;
        }
    }

    private double StepWeight()
    {
        double weight = 0;
        for (int j = 0; j < _clusters; j++)
        {
            weight += *SumWeight(0, j);
        }

        return weight;
    }
}
