using System.Numerics;

namespace GpuKMeans.Spatial.Parquet;

/// <summary>Makes pages one after the other in memory it uses again: a header, and the compressed levels and values.</summary>
internal sealed class PageEncoder(ParquetCompression compression)
{
    private const int DataPage = 0;
    private const int DictionaryPage = 2;

    private readonly PageCompressor _compressor = new(compression);
    private readonly ByteBuffer _page = new();
    private readonly ByteBuffer _header = new();

    public ReadOnlyMemory<byte> Header => _header.WrittenMemory;

    public ReadOnlyMemory<byte> Body { get; private set; }

    public int CompressedSize => Header.Length + Body.Length;

    public int UncompressedSize { get; private set; }

    /// <summary>Makes a page of rows.</summary>
    /// <param name="levels">The definition level of each row.</param>
    /// <param name="maxLevel">The level of a row that has a value; where it is 0, levels are not written.</param>
    /// <param name="values">The encoded values.</param>
    /// <param name="encoding">How they are encoded.</param>
    public void Data(ReadOnlySpan<int> levels, int maxLevel, ReadOnlySpan<byte> values, int encoding)
    {
        _page.Clear();
        if (maxLevel > 0)
        {
            _page.Write(0);
            RleEncoder.Encode(levels, BitOperations.Log2((uint)maxLevel) + 1, _page);
            _page.WriteAt(0, _page.Length - sizeof(int));
        }

        _page.Write(values);
        ThriftCompactWriter thrift = Begin(DataPage, _page.WrittenMemory);
        thrift.BeginStruct(5);
        thrift.I32(1, levels.Length);
        thrift.I32(2, encoding);
        thrift.I32(3, Encodings.Rle);
        thrift.I32(4, Encodings.Rle);
        End(thrift);
    }

    /// <summary>Makes the page of a dictionary.</summary>
    public void Dictionary(ValueDictionary dictionary)
    {
        ThriftCompactWriter thrift = Begin(DictionaryPage, dictionary.Entries);
        thrift.BeginStruct(7);
        thrift.I32(1, dictionary.Count);
        thrift.I32(2, Encodings.Plain);
        End(thrift);
    }

    private ThriftCompactWriter Begin(int type, ReadOnlyMemory<byte> page)
    {
        Body = _compressor.Compress(page);
        _header.Clear();
        var thrift = new ThriftCompactWriter(_header);
        thrift.BeginStruct();
        thrift.I32(1, type);
        thrift.I32(2, page.Length);
        thrift.I32(3, Body.Length);
        UncompressedSize = page.Length;
        return thrift;
    }

    private void End(ThriftCompactWriter thrift)
    {
        thrift.EndStruct();
        thrift.EndStruct();
        UncompressedSize += _header.Length;
    }
}
