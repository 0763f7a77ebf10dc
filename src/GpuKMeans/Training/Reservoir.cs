namespace GpuKMeans;

/// <summary>
/// Rows drawn uniformly, none twice, from a stream whose length need not be known. Vitter, "Random sampling with a reservoir",
/// 1985, algorithm R. Which rows depends on the seed and the number of rows alone.
/// </summary>
internal sealed class Reservoir(int capacity, int dimension, ulong seed)
{
    private SplitMix64 _random = new(seed);
    private float[] _values = [];
    private long _seen;

    /// <summary>The rows drawn.</summary>
    public VectorSource Rows =>
        VectorSource.FromMemory(_values.AsMemory(0, (int)Math.Min(_seen, capacity) * dimension), dimension);

    /// <summary>Lets rows take part.</summary>
    public void Add(VectorSource rows)
    {
        long first = Math.Min(rows.Count, Math.Max(0, capacity - _seen));
        if (first > 0)
        {
            int held = (int)_seen * dimension, length = (int)first * dimension;
            if (_values.Length < held + length)
            {
                Array.Resize(ref _values, (int)Math.Min((long)capacity * dimension, Math.Max(2L * _values.Length, held + length)));
            }

            rows.Read(0, _values.AsSpan(held, length));
            _seen += first;
        }

        for (long row = first; row < rows.Count; row++)
        {
            long place = _random.NextInt64(++_seen);
            if (place < capacity)
            {
                rows.Read(row, _values.AsSpan((int)place * dimension, dimension));
            }
        }
    }
}
