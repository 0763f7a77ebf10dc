using System.Buffers;
using System.Text.Unicode;

namespace GpuKMeans.Spatial.Parquet;

/// <summary>A column of text, as UTF-8 with its length before it.</summary>
internal sealed class StringColumn(ParquetLeaf leaf, IReadOnlyList<string?> rows) : ParquetColumn(leaf)
{
    private readonly BytesRange _range = new();

    protected override int Append(int row, ByteBuffer values)
    {
        string? text = rows[row];
        if (text is null)
        {
            return Null(row);
        }

        int start = values.Length;
        values.Write(0);

        // A UTF-16 unit takes at most three bytes.
        Span<byte> room = values.Append(checked(3 * text.Length));
        if (Utf8.FromUtf16(text, room, out _, out int length, replaceInvalidSequences: false) != OperationStatus.Done)
        {
            throw SpatialErrors.InvalidText(Leaf.Name, row);
        }

        values.Shorten(start + sizeof(int) + length);
        values.WriteAt(start, length);
        _range.Add(room[..length]);
        return Leaf.MaxDefinitionLevel;
    }

    protected override ColumnStatistics TakeRange() => _range.Take();
}
