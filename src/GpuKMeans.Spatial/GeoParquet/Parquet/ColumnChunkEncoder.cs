using System.Numerics;

namespace GpuKMeans.Spatial.Parquet;

/// <summary>What the footer says of one column of one row group.</summary>
internal sealed record ColumnChunk(
    ParquetLeaf Leaf, long Rows, long Offset, long CompressedSize, long UncompressedSize, ColumnStatistics Statistics);

/// <summary>Turns rows of a column into pages: headers and, compressed, levels and values.</summary>
internal sealed class ColumnChunkEncoder(ParquetCompression compression)
{
    /// <summary>A page is closed once its values are as large as this; readers hold a page at a time in memory.</summary>
    public const int PageSize = 1 << 20;

    private const int PlainEncoding = 0;
    private const int RleEncoding = 3;

    private readonly PageCompressor _compressor = new(compression);
    private readonly ByteBuffer _values = new();
    private readonly ByteBuffer _page = new();
    private readonly ByteBuffer _header = new();

    /// <summary>The last chunk whose blocks were all taken.</summary>
    public ColumnChunk? Chunk { get; private set; }

    /// <summary>The bytes of a column chunk, block by block; each block is valid until the next is asked for.</summary>
    /// <param name="column">The column.</param>
    /// <param name="start">The first row.</param>
    /// <param name="count">The number of rows.</param>
    /// <param name="offset">Where in the file the first block goes.</param>
    public IEnumerable<ReadOnlyMemory<byte>> Encode(ParquetColumn column, int start, int count, long offset)
    {
        long compressed = 0;
        long uncompressed = 0;
        int end = start + count;
        for (int row = start; row < end;)
        {
            _values.Clear();
            int next = column.FillPage(row, end, PageSize, _values);
            ReadOnlyMemory<byte> page = Assemble(column);
            ReadOnlyMemory<byte> body = _compressor.Compress(page);
            WriteHeader(next - row, page.Length, body.Length);
            row = next;
            compressed += _header.Length + body.Length;
            uncompressed += _header.Length + page.Length;
            yield return _header.WrittenMemory;
            yield return body;
        }

        Chunk = new ColumnChunk(column.Leaf, count, offset, compressed, uncompressed, column.TakeStatistics());
    }

    private ReadOnlyMemory<byte> Assemble(ParquetColumn column)
    {
        int maxLevel = column.Leaf.MaxDefinitionLevel;
        if (maxLevel == 0)
        {
            return _values.WrittenMemory;
        }

        _page.Clear();
        _page.Write(0);
        RleEncoder.Encode(column.Levels, BitOperations.Log2((uint)maxLevel) + 1, _page);
        _page.WriteAt(0, _page.Length - sizeof(int));
        _page.Write(_values.Written);
        return _page.WrittenMemory;
    }

    private void WriteHeader(int rows, int uncompressed, int compressed)
    {
        const int DataPage = 0;
        _header.Clear();
        var thrift = new ThriftCompactWriter(_header);
        thrift.BeginStruct();
        thrift.I32(1, DataPage);
        thrift.I32(2, uncompressed);
        thrift.I32(3, compressed);
        thrift.BeginStruct(5);
        thrift.I32(1, rows);
        thrift.I32(2, PlainEncoding);
        thrift.I32(3, RleEncoding);
        thrift.I32(4, RleEncoding);
        thrift.EndStruct();
        thrift.EndStruct();
    }
}
