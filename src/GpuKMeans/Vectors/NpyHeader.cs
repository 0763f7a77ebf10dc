using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace GpuKMeans;

/// <summary>The head of a .npy file (numpy.lib.format, versions 1.0, 2.0 and 3.0).</summary>
internal static partial class NpyHeader
{
    private const int MaxHeaderLength = 1 << 20;

    private static ReadOnlySpan<byte> Magic => [0x93, (byte)'N', (byte)'U', (byte)'M', (byte)'P', (byte)'Y'];

    public static VectorLayout Read(Stream stream, string path)
    {
        Span<byte> start = stackalloc byte[12];
        int read = stream.ReadAtLeast(start, start.Length, throwOnEndOfStream: false);
        if (read < 10 || !start[..6].SequenceEqual(Magic))
        {
            throw KMeansErrors.BadVectorFile(path, "it does not begin as a .npy file does");
        }

        int version = start[6];
        if (version is < 1 or > 3)
        {
            throw KMeansErrors.BadVectorFile(path, $"its version is {version}.{start[7]}; versions 1 to 3 can be read");
        }

        (int prefix, long length) = version == 1
            ? (10, BinaryPrimitives.ReadUInt16LittleEndian(start[8..]))
            : (12, BinaryPrimitives.ReadUInt32LittleEndian(start[8..]));
        if (read < prefix || length > MaxHeaderLength || prefix + length > stream.Length)
        {
            throw KMeansErrors.BadVectorFile(path, "it ends, or its header does, before the header's stated length");
        }

        byte[] header = new byte[length];
        stream.Position = prefix;
        stream.ReadExactly(header);
        Encoding encoding = version == 3 ? Encoding.UTF8 : Encoding.Latin1;
        return Parse(encoding.GetString(header), prefix + length, stream.Length, path);
    }

    private static VectorLayout Parse(string text, long offset, long fileLength, string path)
    {
        Match type = Descr().Match(text), order = FortranOrder().Match(text), shape = Shape().Match(text);
        if (!type.Success || !order.Success || !shape.Success)
        {
            throw KMeansErrors.BadVectorFile(path, "its header lacks 'descr', 'fortran_order' or 'shape': " + text.Trim());
        }

        VectorValue value = type.Groups[1].Value switch
        {
            "<f4" => VectorValue.Single,
            "<f8" => VectorValue.Double,
            ">f4" or ">f8" => throw KMeansErrors.BadVectorFile(
                path, "its values are big-endian; write it with array.astype('<f4')"),
            _ => throw KMeansErrors.BadVectorFile(
                path, $"its values are of type '{type.Groups[1].Value}'; '<f4' and '<f8' can be read (array.astype('<f4'))"),
        };
        if (order.Groups[1].Value == "True")
        {
            throw KMeansErrors.BadVectorFile(path, "it is in Fortran order; write it with numpy.ascontiguousarray");
        }

        string[] lengths = shape.Groups[1].Value.Split(
            ',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        if (lengths.Length != 2
            || !long.TryParse(lengths[0], NumberStyles.None, CultureInfo.InvariantCulture, out long count)
            || !int.TryParse(lengths[1], NumberStyles.None, CultureInfo.InvariantCulture, out int dimension)
            || dimension == 0)
        {
            throw KMeansErrors.BadVectorFile(path, $"its shape is ({shape.Groups[1].Value}); a shape of (rows, columns) is needed");
        }

        var layout = new VectorLayout(value, count, dimension, offset);
        Int128 needed = offset + ((Int128)count * layout.RowBytes);
        return fileLength >= needed
            ? layout
            : throw KMeansErrors.BadVectorFile(
                path, $"it is cut short: {count} rows of {dimension} values need {needed} bytes and there are {fileLength}");
    }

    [GeneratedRegex("""['"]descr['"]\s*:\s*['"]([^'"]*)['"]""")]
    private static partial Regex Descr();

    [GeneratedRegex("""['"]fortran_order['"]\s*:\s*(True|False)""")]
    private static partial Regex FortranOrder();

    [GeneratedRegex("""['"]shape['"]\s*:\s*\(([^)]*)\)""")]
    private static partial Regex Shape();
}
