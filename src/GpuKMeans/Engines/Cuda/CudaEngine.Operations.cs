using GpuKMeans.Engines.Cuda.Driver;

namespace GpuKMeans.Engines.Cuda;

/// <content>What begins and ends an operation.</content>
internal sealed partial class CudaEngine
{
    // Whether an operation has begun that did not come to its end.
    private bool _unfinished;

    /// <summary>Begins what leaves nothing to the next operation that a failure could spoil.</summary>
    private Operation Enter() => new(this);

    /// <summary>Begins what queues kernels; <see cref="Operation.Complete"/> says that all went well.</summary>
    private Operation Begin()
    {
        Operation operation = Enter();
        try
        {
            if (_unfinished)
            {
                PutInOrder();
            }

            _unfinished = true;
            return operation;
        }
        catch
        {
            operation.Dispose();
            throw;
        }
    }

    /// <summary>Puts in order what kernels leave to the next, which an operation that failed may have left halfway.</summary>
    private void PutInOrder()
    {
        ForgetBadRow();
        ForgetUndecided();
        _totalBefore = default;
        if (_centers.Count > 0)
        {
            MeasureCenters();
        }
    }

    /// <summary>
    /// Allocates what an operation keeps while rows are assigned: if need be in place of what they were assigned in before, for
    /// which there is a way with less.
    /// </summary>
    private void MakeRoom(Action reserve)
    {
        try
        {
            reserve();
        }
        catch (InsufficientMemoryException)
        {
            _stream.Synchronize();
            _work.FreeAssigned();
            reserve();
        }
    }

    private void ForgetUndecided() => _stream.Fill(_work.UndecidedCounts.Reserve(2 * UndecidedCounters), 0, 2 * UndecidedCounters);

    private void ForgetBadRow() => _stream.Fill(_work.BadRow.Pointer, uint.MaxValue, 2);

    /// <summary>
    /// An operation: until it ends, driver calls of the thread go to the GPU, and the engine is not collected, which would end
    /// the streams that are waited for.
    /// </summary>
    private readonly ref struct Operation
    {
        private readonly CudaEngine _engine;
        private readonly CudaContext.Scope _scope;

        public Operation(CudaEngine engine)
        {
            ObjectDisposedException.ThrowIf(engine._stream.Handle == 0, engine);
            _engine = engine;
            _scope = engine._context.Enter();
        }

        /// <summary>Says that all was done.</summary>
        public void Complete() => _engine._unfinished = false;

        public void Dispose()
        {
            _scope.Dispose();
            GC.KeepAlive(_engine);
        }
    }
}
