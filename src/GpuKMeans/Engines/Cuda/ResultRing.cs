using GpuKMeans.Engines.Cuda.Driver;

namespace GpuKMeans.Engines.Cuda;

/// <summary>
/// The way of labels and distances to the caller: through a few pinned buffers in turn, from which another thread copies, so
/// that neither the GPU nor the one that sends it rows is held up.
/// </summary>
internal sealed unsafe class ResultRing(CudaContext context) : IDisposable
{
    private readonly Slot[] _slots = [new(context), new(context), new(context), new(context)];
    private int _next;

    /// <summary>Queues the copy of a part, after what computes it.</summary>
    /// <param name="stream">Where it is computed.</param>
    /// <param name="part">The part.</param>
    /// <param name="fromLabels">Its labels.</param>
    /// <param name="fromDistances">Its distances.</param>
    /// <param name="labels">Takes the labels of all parts; it must stay where it is until <see cref="Finish"/>.</param>
    /// <param name="distances">Takes the distances; or null.</param>
    public void Take(CudaStream stream, in Rows part, ulong fromLabels, ulong fromDistances, int* labels, float* distances)
    {
        Slot slot = _slots[_next];
        _next = (_next + 1) % _slots.Length;
        slot.TakeDelivery().GetAwaiter().GetResult();
        int count = part.Count;
        long labelBytes = count * (long)sizeof(int), distanceBytes = distances == null ? 0 : count * (long)sizeof(float);
        slot.Host.Reserve(labelBytes + distanceBytes);
        stream.Download(slot.Host.Span<int>(0, count), fromLabels);
        if (distances != null)
        {
            stream.Download(slot.Host.Span<float>(labelBytes, count), fromDistances);
        }

        slot.Copied.Record(stream);
        int* toLabels = labels + part.Before;
        float* toDistances = distances == null ? null : distances + part.Before;
        slot.Delivery = Task.Run(() =>
        {
            using CudaContext.Scope scope = context.Enter();
            slot.Copied.Synchronize();
            slot.Host.Span<int>(0, count).CopyTo(new Span<int>(toLabels, count));
            if (toDistances != null)
            {
                slot.Host.Span<float>(labelBytes, count).CopyTo(new Span<float>(toDistances, count));
            }
        });
    }

    /// <summary>Waits until all is delivered, whatever becomes of one part.</summary>
    public void Finish()
    {
        Task.WhenAll([.. _slots.Select(slot => slot.TakeDelivery())]).GetAwaiter().GetResult();
    }

    public void Dispose()
    {
        foreach (Slot slot in _slots)
        {
            slot.Host.Dispose();
            slot.Copied.Dispose();
        }
    }

    private sealed class Slot(CudaContext context)
    {
        public PinnedBuffer Host { get; } = new(context);

        public CudaEvent Copied { get; } = new(sleeps: true);

        public Task Delivery { get; set; } = Task.CompletedTask;

        public Task TakeDelivery()
        {
            Task delivery = Delivery;
            Delivery = Task.CompletedTask;
            return delivery;
        }
    }
}
