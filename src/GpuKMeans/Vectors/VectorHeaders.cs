using System.Buffers.Binary;

namespace GpuKMeans;

/// <summary>The heads of the nearest-neighbour benchmarks' files.</summary>
internal static class VectorHeaders
{
    /// <summary>.fvecs and .bvecs: each row states its length. The first one's decides, and the file's must fit it.</summary>
    public static VectorLayout RowByRow(Stream stream, string path, VectorValue type)
    {
        if (stream.Length == 0)
        {
            throw KMeansErrors.BadVectorFile(path, "it is empty, so that the number of columns is not known");
        }

        Span<byte> head = stackalloc byte[sizeof(int)];
        int dimension = stream.ReadAtLeast(head, head.Length, throwOnEndOfStream: false) == head.Length
            ? BinaryPrimitives.ReadInt32LittleEndian(head)
            : throw KMeansErrors.BadVectorFile(path, $"it ends after {stream.Length} bytes, within the length of row 0");
        if (dimension <= 0)
        {
            throw KMeansErrors.BadVectorFile(path, $"row 0 says it holds {dimension} values");
        }

        var layout = new VectorLayout(type, 0, dimension, 0, sizeof(int));
        (long rows, long rest) = Math.DivRem(stream.Length, layout.RowBytes);
        return rest == 0
            ? layout with { Count = rows }
            : throw KMeansErrors.BadVectorFile(
                path, $"it is cut short: a row of {dimension} values takes {layout.RowBytes} bytes, and row {rows} has {rest}");
    }

    /// <summary>.fbin and .u8bin: the shape comes first.</summary>
    public static VectorLayout WithShape(Stream stream, string path, VectorValue type)
    {
        Span<byte> head = stackalloc byte[2 * sizeof(int)];
        if (stream.ReadAtLeast(head, head.Length, throwOnEndOfStream: false) < head.Length)
        {
            throw KMeansErrors.BadVectorFile(path, $"it ends after {stream.Length} bytes, within the 8 of its shape");
        }

        // Billion-row sets are of this format: the number of rows is unsigned.
        long rows = BinaryPrimitives.ReadUInt32LittleEndian(head);
        int dimension = BinaryPrimitives.ReadInt32LittleEndian(head[sizeof(int)..]);
        if (dimension <= 0)
        {
            throw KMeansErrors.BadVectorFile(path, $"it says that a row holds {dimension} values");
        }

        var layout = new VectorLayout(type, rows, dimension, head.Length);
        Int128 needed = head.Length + ((Int128)rows * layout.RowBytes);
        return stream.Length == needed
            ? layout
            : throw KMeansErrors.BadVectorFile(
                path,
                $"{rows} rows of {dimension} values need {needed} bytes and there are {stream.Length}"
                + (stream.Length < needed ? ": it is cut short" : ""));
    }
}
