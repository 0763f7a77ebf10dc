using System.Reflection;

namespace GpuKMeans.Spatial.Parquet;

/// <summary>What the footer says of one row group.</summary>
internal sealed record RowGroup(long Rows, IReadOnlyList<ColumnChunk> Columns);

/// <summary>Writes the end of a file: its schema, where everything lies, and the metadata of its kind.</summary>
internal static class ParquetFooter
{
    private static readonly string _createdBy = "GpuKMeans version "
        + typeof(ParquetFooter).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion.Split('+')[0];

    /// <summary>The footer's struct, without the length and the magic number after it.</summary>
    public static void Write(
        ByteBuffer output,
        ParquetSchema schema,
        ParquetCompression compression,
        IReadOnlyList<RowGroup> rowGroups,
        IReadOnlyList<KeyValuePair<string, string>> metadata)
    {
        var thrift = new ThriftCompactWriter(output);
        thrift.BeginStruct();
        thrift.I32(1, 1);
        schema.Write(thrift, 2);
        thrift.I64(3, rowGroups.Sum(g => g.Rows));
        thrift.ListOfStructs(4, rowGroups.Count);
        for (int i = 0; i < rowGroups.Count; i++)
        {
            WriteRowGroup(thrift, rowGroups[i], i, compression);
        }

        if (metadata.Count > 0)
        {
            WriteMetadata(thrift, metadata);
        }

        thrift.String(6, _createdBy);
        thrift.ListOfStructs(7, schema.Leaves.Length);
        foreach (ParquetLeaf _ in schema.Leaves)
        {
            // Each column is ordered as its type defines: without this, readers ignore the ranges.
            thrift.BeginStruct();
            thrift.EmptyStruct(1);
            thrift.EndStruct();
        }

        thrift.EndStruct();
    }

    private static void WriteMetadata(ThriftCompactWriter thrift, IReadOnlyList<KeyValuePair<string, string>> metadata)
    {
        thrift.ListOfStructs(5, metadata.Count);
        foreach ((string key, string value) in metadata)
        {
            thrift.BeginStruct();
            thrift.String(1, key);
            thrift.String(2, value);
            thrift.EndStruct();
        }
    }

    private static void WriteRowGroup(ThriftCompactWriter thrift, RowGroup group, int ordinal, ParquetCompression compression)
    {
        thrift.BeginStruct();
        thrift.ListOfStructs(1, group.Columns.Count);
        foreach (ColumnChunk column in group.Columns)
        {
            thrift.BeginStruct();

            // Deprecated, and required: where a copy of the metadata would be, if there were one.
            thrift.I64(2, 0);
            thrift.BeginStruct(3);
            WriteColumn(thrift, column, compression);
            thrift.EndStruct();
            thrift.EndStruct();
        }

        thrift.I64(2, group.Columns.Sum(c => c.UncompressedSize));
        thrift.I64(3, group.Rows);
        thrift.I64(5, group.Columns[0].Offset);
        thrift.I64(6, group.Columns.Sum(c => c.CompressedSize));
        if (ordinal <= short.MaxValue)
        {
            thrift.I16(7, (short)ordinal);
        }

        thrift.EndStruct();
    }

    private static void WriteColumn(ThriftCompactWriter thrift, ColumnChunk column, ParquetCompression compression)
    {
        thrift.I32(1, (int)column.Leaf.Type.Physical);
        if (column.DictionarySize > 0)
        {
            thrift.ListOfI32(2, Encodings.Plain, Encodings.Rle, Encodings.RleDictionary);
        }
        else
        {
            thrift.ListOfI32(2, Encodings.Plain, Encodings.Rle);
        }

        thrift.ListOfStrings(3, column.Leaf.Path);
        thrift.I32(4, (int)compression);
        thrift.I64(5, column.Rows);
        thrift.I64(6, column.UncompressedSize);
        thrift.I64(7, column.CompressedSize);
        thrift.I64(9, column.Offset + column.DictionarySize);
        if (column.DictionarySize > 0)
        {
            thrift.I64(11, column.Offset);
        }

        thrift.BeginStruct(12);
        WriteStatistics(thrift, column.Statistics);
        thrift.EndStruct();
    }

    private static void WriteStatistics(ThriftCompactWriter thrift, ColumnStatistics statistics)
    {
        thrift.I64(3, statistics.NullCount);
        if (statistics is { Min: byte[] min, Max: byte[] max })
        {
            thrift.Binary(5, max);
            thrift.Binary(6, min);
            thrift.Bool(7, true);
            thrift.Bool(8, true);
        }

        if (statistics.NaNCount is long nans)
        {
            thrift.I64(9, nans);
        }
    }
}
