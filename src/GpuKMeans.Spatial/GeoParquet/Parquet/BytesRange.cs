namespace GpuKMeans.Spatial.Parquet;

/// <summary>The least and greatest of byte strings, compared byte by byte as unsigned numbers.</summary>
internal sealed class BytesRange
{
    // Every reader reads the whole footer: it is no place for long texts.
    private const int LongestTold = 256;

    private readonly ByteBuffer _min = new();
    private readonly ByteBuffer _max = new();
    private bool _any;

    public void Add(ReadOnlySpan<byte> value)
    {
        if (!_any || value.SequenceCompareTo(_min.Written) < 0)
        {
            Keep(value, _min);
        }

        if (!_any || value.SequenceCompareTo(_max.Written) > 0)
        {
            Keep(value, _max);
        }

        _any = true;
    }

    public ColumnStatistics Take()
    {
        bool told = _any && _min.Length <= LongestTold && _max.Length <= LongestTold;
        _any = false;
        return told ? new(NullCount: 0, _min.Written.ToArray(), _max.Written.ToArray()) : new(NullCount: 0);
    }

    private static void Keep(ReadOnlySpan<byte> value, ByteBuffer place)
    {
        place.Clear();
        place.Write(value);
    }
}
