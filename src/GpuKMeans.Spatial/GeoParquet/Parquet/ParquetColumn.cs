using System.Runtime.InteropServices;

namespace GpuKMeans.Spatial.Parquet;

/// <summary>What the footer says of the values of a column chunk.</summary>
/// <param name="NullCount">Rows with no value.</param>
/// <param name="Min">The least value, PLAIN without a length; null when not told.</param>
/// <param name="Max">The greatest value, likewise.</param>
/// <param name="NaNCount">Values that are NaN, in columns of floating point; else null.</param>
internal sealed record ColumnStatistics(long NullCount, byte[]? Min = null, byte[]? Max = null, long? NaNCount = null);

/// <summary>Turns the rows of one leaf column into PLAIN values and definition levels, and keeps their statistics.</summary>
internal abstract class ParquetColumn(ParquetLeaf leaf)
{
    private readonly List<int> _levels = [];
    private long _nulls;

    public ParquetLeaf Leaf { get; } = leaf;

    /// <summary>The definition level of each row of the page.</summary>
    public ReadOnlySpan<int> Levels => CollectionsMarshal.AsSpan(_levels);

    /// <summary>Fills a page from <paramref name="row"/> on until it is large enough, and returns the first row left.</summary>
    public int FillPage(int row, int end, int pageSize, ByteBuffer values)
    {
        _levels.Clear();
        while (row < end && values.Length < pageSize)
        {
            int level = Append(row++, values);
            _levels.Add(level);
            _nulls += level < Leaf.MaxDefinitionLevel ? 1 : 0;
        }

        return row;
    }

    /// <summary>The statistics of the rows since the last call.</summary>
    public ColumnStatistics TakeStatistics()
    {
        ColumnStatistics statistics = TakeRange() with { NullCount = _nulls };
        _nulls = 0;
        return statistics;
    }

    /// <summary>Appends the value of a row, if it has one, and returns its definition level.</summary>
    protected abstract int Append(int row, ByteBuffer values);

    /// <summary>The range of the values since the last call; without one where the order says nothing.</summary>
    protected virtual ColumnStatistics TakeRange() => new(NullCount: 0);
}
