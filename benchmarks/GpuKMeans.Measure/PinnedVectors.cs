using System.Buffers;
using GpuKMeans.Engines.Cuda.Driver;

namespace GpuKMeans.Measure;

/// <summary>Rows in memory that the driver has locked, so that the GPU reads it by itself.</summary>
internal sealed unsafe class PinnedVectors : VectorSource
{
    private const int Block = 1 << 14;

    private readonly PinnedBuffer _buffer = new(CudaContext.Of(0));

    /// <summary>Copies all rows of a source.</summary>
    public PinnedVectors(VectorSource source)
        : base(source.Count, source.Dimension)
    {
        _buffer.Reserve(source.Count * source.Dimension * sizeof(float));
        Parallel.For(0, (int)((source.Count + Block - 1) / Block), block =>
        {
            long start = (long)block * Block;
            source.Read(start, Values(start, (int)Math.Min(Block, source.Count - start) * Dimension));
        });
    }

    public override void Read(long start, Span<float> destination)
    {
        CheckRange(start, destination);
        Values(start, destination.Length).CopyTo(destination);
    }

    public override bool TryPin(out MemoryHandle handle)
    {
        handle = new MemoryHandle((void*)_buffer.Address);
        return true;
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _buffer.Dispose();
        }

        base.Dispose(disposing);
    }

    private Span<float> Values(long row, int count) => new((float*)_buffer.Address + (row * Dimension), count);
}
