using System.Buffers;

namespace GpuKMeans;

/// <summary>Rows in one piece of memory.</summary>
internal sealed class MemoryVectors : VectorSource
{
    private readonly ReadOnlyMemory<float> _values;

    public MemoryVectors(ReadOnlyMemory<float> values, int dimension)
        : base(Rows(values.Length, dimension), dimension) => _values = values;

    public override void Read(long start, Span<float> destination)
    {
        CheckRange(start, destination);
        _values.Span.Slice((int)(start * Dimension), destination.Length).CopyTo(destination);
    }

    public override bool TryPin(out MemoryHandle handle)
    {
        handle = _values.Pin();
        return true;
    }

    private static int Rows(int length, int dimension)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(dimension);
        return length % dimension == 0 ? length / dimension : throw KMeansErrors.NotWholeRows(length, dimension, "values");
    }
}
