namespace GpuKMeans.Spatial.Parquet;

/// <summary>A column of bytes with their length before them. Its order says nothing, so it has no range.</summary>
internal sealed class BinaryColumn(ParquetLeaf leaf, IReadOnlyList<byte[]?> rows) : ParquetColumn(leaf)
{
    protected override int Append(int row, ByteBuffer values)
    {
        byte[]? bytes = rows[row];
        if (bytes is null)
        {
            return Null(row);
        }

        values.Write(bytes.Length);
        values.Write(bytes);
        return Leaf.MaxDefinitionLevel;
    }
}
