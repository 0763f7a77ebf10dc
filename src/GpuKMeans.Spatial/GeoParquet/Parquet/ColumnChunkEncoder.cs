using System.Runtime.InteropServices;

namespace GpuKMeans.Spatial.Parquet;

/// <summary>Turns rows of a column into pages: behind a dictionary where that is smaller, else plain.</summary>
internal sealed class ColumnChunkEncoder(ParquetCompression compression)
{
    /// <summary>A page is closed once its values are as large as this; readers hold a page at a time in memory.</summary>
    private const int PageSize = 1 << 20;

    /// <summary>Rows in a page of indices, which take two bytes each at most.</summary>
    private const int IndicesPerPage = 1 << 15;

    private readonly PageEncoder _page = new(compression);
    private readonly ValueDictionary _dictionary = new();
    private readonly ByteBuffer _values = new();
    private readonly List<int> _levels = [];

    /// <summary>The last chunk whose blocks were all taken.</summary>
    public ColumnChunk? Chunk { get; private set; }

    /// <summary>The bytes of a column chunk, block by block; each block is valid until the next is asked for.</summary>
    /// <param name="column">The column.</param>
    /// <param name="start">The first row.</param>
    /// <param name="count">The number of rows.</param>
    /// <param name="offset">Where in the file the first block goes.</param>
    public IEnumerable<ReadOnlyMemory<byte>> Encode(ParquetColumn column, int start, int count, long offset)
    {
        bool repeats = column.MayRepeat && _dictionary.TryBuild(column, start, count);
        if (!repeats)
        {
            // What the attempt saw is seen again.
            column.TakeStatistics();
        }

        long dictionarySize = 0;
        long compressed = 0;
        long uncompressed = 0;
        foreach (bool isDictionary in repeats ? DictionaryPages(column.Leaf) : PlainPages(column, start, start + count))
        {
            dictionarySize += isDictionary ? _page.CompressedSize : 0;
            compressed += _page.CompressedSize;
            uncompressed += _page.UncompressedSize;
            yield return _page.Header;
            yield return _page.Body;
        }

        Chunk = new ColumnChunk(column.Leaf, count, offset, dictionarySize, compressed, uncompressed, column.TakeStatistics());
    }

    /// <summary>Makes a page each step, and tells whether it is that of the dictionary.</summary>
    private IEnumerable<bool> DictionaryPages(ParquetLeaf leaf)
    {
        _page.Dictionary(_dictionary);
        yield return true;

        int rows = _dictionary.Levels.Length;
        int firstIndex = 0;
        for (int row = 0; row < rows; row += IndicesPerPage)
        {
            firstIndex += IndexPage(leaf.MaxDefinitionLevel, row, Math.Min(IndicesPerPage, rows - row), firstIndex);
            yield return false;
        }
    }

    private int IndexPage(int maxLevel, int row, int rows, int firstIndex)
    {
        ReadOnlySpan<int> levels = _dictionary.Levels.Slice(row, rows);
        int indices = levels.Count(maxLevel);
        _values.Clear();
        _values.Write((byte)_dictionary.BitWidth);
        RleEncoder.Encode(_dictionary.Indices.Slice(firstIndex, indices), _dictionary.BitWidth, _values);
        _page.Data(levels, maxLevel, _values.Written, Encodings.RleDictionary);
        return indices;
    }

    private IEnumerable<bool> PlainPages(ParquetColumn column, int row, int end)
    {
        while (row < end)
        {
            _values.Clear();
            _levels.Clear();
            while (row < end && _values.Length < PageSize)
            {
                _levels.Add(column.AppendRow(row++, _values));
            }

            _page.Data(CollectionsMarshal.AsSpan(_levels), column.Leaf.MaxDefinitionLevel, _values.Written, Encodings.Plain);
            yield return false;
        }
    }
}
