using System.Numerics;

namespace GpuKMeans.Spatial.Parquet;

/// <summary>The least and greatest of numbers, by the format's rules for floating point.</summary>
internal struct NumberRange<T>
    where T : unmanaged, INumber<T>
{
    private T _min;
    private T _max;
    private bool _any;
    private long _nans;

    public void Add(T value)
    {
        if (T.IsNaN(value))
        {
            _nans++;
        }
        else if (!_any)
        {
            (_min, _max, _any) = (value, value, true);
        }
        else if (value < _min)
        {
            _min = value;
        }
        else if (value > _max)
        {
            _max = value;
        }
    }

    public ColumnStatistics Take()
    {
        long? nans = typeof(T) == typeof(float) || typeof(T) == typeof(double) ? _nans : null;

        // Readers disagree on where NaN sorts, so next to one no range is sound.
        ColumnStatistics range = _any && _nans == 0
            ? new(NullCount: 0, Plain(T.IsZero(_min) ? -T.Zero : _min), Plain(T.IsZero(_max) ? T.Zero : _max), nans)
            : new(NullCount: 0, NaNCount: nans);
        this = default;
        return range;
    }

    private static byte[] Plain(T value)
    {
        var buffer = new ByteBuffer();
        buffer.Write(value);
        return buffer.Written.ToArray();
    }
}
