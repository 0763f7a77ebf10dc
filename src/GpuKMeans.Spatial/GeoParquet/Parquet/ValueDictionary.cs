using System.Runtime.InteropServices;

namespace GpuKMeans.Spatial.Parquet;

/// <summary>The distinct values of a column chunk, and the number of each row's value among them.</summary>
internal sealed class ValueDictionary
{
    // Columns that hardly repeat are given up after this many, or when this many bytes, a page's worth, are reached.
    private const int MaxEntries = 1 << 15;
    private const int MaxSize = 1 << 20;

    private readonly Dictionary<byte[], int> _numbers = new(BytesComparer.Instance);
    private readonly ByteBuffer _entries = new();
    private readonly ByteBuffer _value = new();
    private readonly List<int> _levels = [];
    private readonly List<int> _indices = [];

    /// <summary>How many distinct values there are.</summary>
    public int Count => _numbers.Count;

    /// <summary>The values, PLAIN, in the order in which they first come.</summary>
    public ReadOnlyMemory<byte> Entries => _entries.WrittenMemory;

    /// <summary>The definition level of each row.</summary>
    public ReadOnlySpan<int> Levels => CollectionsMarshal.AsSpan(_levels);

    /// <summary>The number of the value of each row that has one.</summary>
    public ReadOnlySpan<int> Indices => CollectionsMarshal.AsSpan(_indices);

    /// <summary>The bits an index takes, at least one.</summary>
    public int BitWidth => int.Log2(Math.Max(1, Count - 1)) + 1;

    /// <summary>Goes through the rows; false when the values are smaller without a dictionary.</summary>
    public bool TryBuild(ParquetColumn column, int start, int count)
    {
        _numbers.Clear();
        _entries.Clear();
        _levels.Clear();
        _indices.Clear();
        long plainSize = 0;
        var numbers = _numbers.GetAlternateLookup<ReadOnlySpan<byte>>();
        for (int row = start; row < start + count; row++)
        {
            _value.Clear();
            int level = column.AppendRow(row, _value);
            _levels.Add(level);
            if (level < column.Leaf.MaxDefinitionLevel)
            {
                continue;
            }

            if (!numbers.TryGetValue(_value.Written, out int number))
            {
                if (Count == MaxEntries || _entries.Length + _value.Length > MaxSize)
                {
                    return false;
                }

                number = Count;
                numbers[_value.Written] = number;
                _entries.Write(_value.Written);
            }

            _indices.Add(number);
            plainSize += _value.Length;
        }

        return _entries.Length + ((long)BitWidth * _indices.Count + 7) / 8 < plainSize;
    }

    /// <summary>Compares bytes by their content, also while they still lie in a buffer.</summary>
    private sealed class BytesComparer : IEqualityComparer<byte[]>, IAlternateEqualityComparer<ReadOnlySpan<byte>, byte[]>
    {
        public static BytesComparer Instance { get; } = new();

        public bool Equals(byte[]? x, byte[]? y) => x.AsSpan().SequenceEqual(y);

        public int GetHashCode(byte[] bytes) => GetHashCode(bytes.AsSpan());

        public bool Equals(ReadOnlySpan<byte> alternate, byte[] other) => alternate.SequenceEqual(other);

        public int GetHashCode(ReadOnlySpan<byte> alternate)
        {
            var hash = default(HashCode);
            hash.AddBytes(alternate);
            return hash.ToHashCode();
        }

        public byte[] Create(ReadOnlySpan<byte> alternate) => alternate.ToArray();
    }
}
