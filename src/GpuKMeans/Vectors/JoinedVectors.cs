namespace GpuKMeans;

/// <summary>Sources of one dimension, one after another.</summary>
internal sealed class JoinedVectors : VectorSource
{
    private readonly List<VectorSource> _parts;
    private readonly long[] _ends;

    public JoinedVectors(List<VectorSource> parts)
        : base(parts.Sum(part => part.Count), parts[0].Dimension)
    {
        _parts = parts;
        _ends = new long[parts.Count];
        long end = 0;
        for (int i = 0; i < _ends.Length; i++)
        {
            _ends[i] = end += parts[i].Count;
        }
    }

    public override void Read(long start, Span<float> destination)
    {
        CheckRange(start, destination);
        for (int i = PartOf(start); !destination.IsEmpty; i++)
        {
            long first = _ends[i] - _parts[i].Count;
            int rows = (int)Math.Min(_ends[i] - start, destination.Length / Dimension);
            _parts[i].Read(start - first, destination[..(rows * Dimension)]);
            destination = destination[(rows * Dimension)..];
            start += rows;
        }
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _parts.ForEach(part => part.Dispose());
        }

        base.Dispose(disposing);
    }

    // The first part that ends after the row.
    private int PartOf(long row)
    {
        int low = 0, high = _ends.Length;
        while (low < high)
        {
            int middle = (low + high) / 2;
            (low, high) = _ends[middle] > row ? (low, middle) : (middle + 1, high);
        }

        return low;
    }
}
