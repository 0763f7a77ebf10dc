namespace GpuKMeans.Spatial.Parquet;

/// <summary>A column of Guids: sixteen bytes each, in the order in which they are read aloud.</summary>
internal sealed class UuidColumn<T>(ParquetLeaf leaf, IReadOnlyList<T> rows, Func<T, Guid?> guid) : ParquetColumn(leaf)
{
    private readonly BytesRange _range = new();

    protected override int Append(int row, ByteBuffer values)
    {
        if (guid(rows[row]) is not Guid value)
        {
            return Null(row);
        }

        Span<byte> bytes = values.Append(16);
        value.TryWriteBytes(bytes, bigEndian: true, out _);
        _range.Add(bytes);
        return Leaf.MaxDefinitionLevel;
    }

    protected override ColumnStatistics TakeRange() => _range.Take();
}
