using GpuKMeans.Engines.Cuda.Driver;

namespace GpuKMeans.Engines.Cuda;

/// <summary>
/// The way of labels and distances to the caller: through two pinned buffers in turn, so that the host, which copies from
/// one, does not hold up the GPU, which copies to the other.
/// </summary>
internal sealed class ResultRing : IDisposable
{
    private readonly Slot[] _slots = [new(), new()];
    private readonly int _most;
    private int _next;

    /// <summary>Makes the ring.</summary>
    /// <param name="most">The most rows of a part.</param>
    public ResultRing(int most) => _most = most;

    /// <summary>Queues the copy of a part, after what computes it, and delivers the part before the last.</summary>
    public void Take(CudaStream stream, in Rows part, ulong fromLabels, ulong fromDistances, Span<int> labels, Span<float> distances)
    {
        Slot slot = _slots[_next];
        Deliver(slot, labels, distances);
        slot.Host.Reserve(_most * 8L);
        stream.Download(slot.Host.Span<int>(0, part.Count), fromLabels);
        if (!distances.IsEmpty)
        {
            stream.Download(slot.Host.Span<float>(_most * 4L, part.Count), fromDistances);
        }

        slot.Copied.Record(stream);
        (slot.First, slot.Count) = ((int)part.Before, part.Count);
        _next ^= 1;
    }

    /// <summary>Delivers what is left.</summary>
    public void Finish(Span<int> labels, Span<float> distances)
    {
        foreach (Slot slot in _slots)
        {
            Deliver(slot, labels, distances);
        }
    }

    public void Dispose()
    {
        foreach (Slot slot in _slots)
        {
            _ = CudaNative.cuEventSynchronize(slot.Copied.Handle);
            slot.Host.Dispose();
            slot.Copied.Dispose();
        }
    }

    private void Deliver(Slot slot, Span<int> labels, Span<float> distances)
    {
        if (slot.Count == 0)
        {
            return;
        }

        slot.Copied.Synchronize();
        slot.Host.Span<int>(0, slot.Count).CopyTo(labels[slot.First..]);
        if (!distances.IsEmpty)
        {
            slot.Host.Span<float>(_most * 4L, slot.Count).CopyTo(distances[slot.First..]);
        }

        slot.Count = 0;
    }

    private sealed class Slot
    {
        public PinnedBuffer Host { get; } = new();

        public CudaEvent Copied { get; } = new();

        public int First { get; set; }

        public int Count { get; set; }
    }
}
