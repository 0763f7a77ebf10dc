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
    private long _nulls;

    public ParquetLeaf Leaf { get; } = leaf;

    /// <summary>Whether a dictionary may pay: values are whole bytes, likely to repeat, and can be asked for twice.</summary>
    public virtual bool MayRepeat => true;

    /// <summary>Appends the value of a row, if it has one, and returns its definition level.</summary>
    public int AppendRow(int row, ByteBuffer values)
    {
        int level = Append(row, values);
        _nulls += level < Leaf.MaxDefinitionLevel ? 1 : 0;
        return level;
    }

    /// <summary>The statistics of the rows since the last call.</summary>
    public ColumnStatistics TakeStatistics()
    {
        ColumnStatistics statistics = TakeRange() with { NullCount = _nulls };
        _nulls = 0;
        return statistics;
    }

    /// <inheritdoc cref="AppendRow"/>
    protected abstract int Append(int row, ByteBuffer values);

    /// <summary>The level of a row without a value, where there may be one; ids are all that may not.</summary>
    protected int Null(int row) => Leaf.IsOptional ? 0 : throw SpatialErrors.NullId(row);

    /// <summary>The range of the values since the last call; without one where the order says nothing.</summary>
    protected virtual ColumnStatistics TakeRange() => new(NullCount: 0);
}
