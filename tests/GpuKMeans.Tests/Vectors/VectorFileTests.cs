using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace GpuKMeans.Tests.Vectors;

/// <summary>The formats of the nearest-neighbour benchmarks, and several files as one.</summary>
public sealed class VectorFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly float[] _values = TestData.Values(60, i => i * 37 % 256);

    public static TheoryData<string> Formats => [".npy", ".fvecs", ".bvecs", ".fbin", ".u8bin"];

    public void Dispose() => _folder.Dispose();

    [Theory, MemberData(nameof(Formats))]
    public void Rows_are_those_that_were_written(string format)
    {
        using VectorSource source = VectorFile.Open(Write(format, _values, 5));
        Assert.Equal((12, 5), (source.Count, source.Dimension));
        float[] all = new float[60], some = new float[15];
        source.Read(0, all);
        source.Gather([11, 0, 7], some);
        Assert.Equal(_values, all);
        Assert.Equal([.. _values[55..], .. _values[..5], .. _values[35..40]], some);
        Assert.Throws<ArgumentOutOfRangeException>(() => source.Read(11, new float[10]));
    }

    [Theory, MemberData(nameof(Formats))]
    public void Upper_case_names_are_the_same_formats(string format)
    {
        string path = Write(format, _values, 5), upper = _folder.File("X" + format.ToUpperInvariant());
        File.Move(path, upper);
        using VectorSource source = VectorFile.Open(upper);
        Assert.Equal(12, source.Count);
    }

    [Theory, MemberData(nameof(Formats))]
    public void A_file_cut_short_by_any_number_of_bytes_is_refused(string format)
    {
        byte[] whole = File.ReadAllBytes(Write(format, _values, 5));
        int head = format is ".npy" ? 128 : 0;
        for (int length = head; length < whole.Length; length++)
        {
            // A file of whole rows that each state their length is whole.
            if (format is ".fvecs" && length > 0 && length % 24 == 0 || format is ".bvecs" && length > 0 && length % 9 == 0)
            {
                continue;
            }

            string path = _folder.Write("cut" + format, whole[..length]);
            string message = Assert.Throws<InvalidDataException>(() => VectorFile.Open(path)).Message;
            Assert.StartsWith($"\"{path}\" cannot be read: ", message, StringComparison.Ordinal);
        }
    }

    [Theory, InlineData(".fvecs"), InlineData(".bvecs")]
    public void A_row_that_states_another_length_is_named(string format)
    {
        string path = Write(format, _values, 5);
        byte[] bytes = File.ReadAllBytes(path);
        bytes[7 * (format == ".fvecs" ? 24 : 9)] = 4;
        File.WriteAllBytes(path, bytes);
        using VectorSource source = VectorFile.Open(path);
        source.Read(0, new float[35]);
        string message = Assert.Throws<InvalidDataException>(() => source.Read(5, new float[20])).Message;
        Assert.EndsWith("row 7 says it holds 4 values and row 0 holds 5.", message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(".fvecs", 0, "row 0 says it holds 0 values")]
    [InlineData(".bvecs", -1, "row 0 says it holds -1 values")]
    [InlineData(".fbin", 0, "it says that a row holds 0 values")]
    [InlineData(".u8bin", -3, "it says that a row holds -3 values")]
    public void A_dimension_that_cannot_be_is_refused(string format, int dimension, string message)
    {
        byte[] bytes = new byte[40];
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(format is ".fbin" or ".u8bin" ? 4 : 0), dimension);
        string path = _folder.Write("x" + format, bytes);
        Assert.Contains(message, Assert.Throws<InvalidDataException>(() => VectorFile.Open(path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_with_more_than_its_shape_says_is_refused()
    {
        string path = Write(".fbin", _values, 5);
        File.AppendAllText(path, "x");
        string message = Assert.Throws<InvalidDataException>(() => VectorFile.Open(path)).Message;
        Assert.EndsWith("12 rows of 5 values need 248 bytes and there are 249.", message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_format_that_is_not_known_is_refused()
    {
        string message = Assert.Throws<NotSupportedException>(() => VectorFile.Open(_folder.Write("x.csv", [1]))).Message;
        Assert.Contains("names end in .npy, .fvecs, .bvecs, .fbin or .u8bin", message, StringComparison.Ordinal);
        Assert.Throws<FileNotFoundException>(() => VectorFile.Open(_folder.File("none.fvecs")));
    }

    [Fact]
    public void Files_of_any_format_are_read_as_one()
    {
        string[] paths = [Write(".npy", _values, 5), Write(".u8bin", _values, 5), Write(".fvecs", _values[..5], 5), Write(".npy", [], 5, "empty"), Write(".bvecs", _values, 5)];
        float[] expected = [.. _values, .. _values, .. _values[..5], .. _values];
        using VectorSource source = VectorFile.Open(paths);
        Assert.Equal(37, source.Count);
        for (int start = 0; start <= 37; start++)
        {
            for (int count = 0; start + count <= 37; count++)
            {
                float[] rows = new float[count * 5];
                source.Read(start, rows);
                Assert.Equal(expected.AsSpan(start * 5, count * 5).ToArray(), rows);
            }
        }

        TestEstimators.SameFit(
            new KMeans(TestEstimators.Options(4)).Fit(TestSet.ToArray(expected, 5)), new KMeans(TestEstimators.Options(4)).Fit(source));
    }

    [Fact]
    public void Files_that_do_not_go_together_are_refused()
    {
        string first = Write(".npy", _values, 5), second = Write(".fbin", _values, 6);
        string message = Assert.Throws<InvalidDataException>(() => VectorFile.Open([first, second])).Message;
        Assert.Equal($"\"{second}\" cannot be read: its rows have 6 columns and those of the first file have 5.", message);
        Assert.Throws<ArgumentException>(() => VectorFile.Open(Array.Empty<string>()));

        // Nothing holds the files any more.
        using FileStream stream = new(first, FileMode.Open, FileAccess.ReadWrite, FileShare.None);
    }

    private string Write(string format, float[] values, int dimension, string name = "x")
    {
        byte[] floats = MemoryMarshal.AsBytes<float>(values).ToArray(), bytes = Array.ConvertAll(values, value => (byte)value);
        byte[] Shape() => [.. BitConverter.GetBytes(values.Length / dimension), .. BitConverter.GetBytes(dimension)];
        byte[] RowByRow(byte[] all, int size) =>
            [.. Enumerable.Range(0, values.Length / dimension).SelectMany(row => (byte[])[.. BitConverter.GetBytes(dimension), .. all.AsSpan(row * dimension * size, dimension * size)])];
        return _folder.Write(name + format, format switch
        {
            ".npy" => Npy.File(values, values.Length / dimension, dimension),
            ".fvecs" => RowByRow(floats, 4),
            ".bvecs" => RowByRow(bytes, 1),
            ".fbin" => [.. Shape(), .. floats],
            _ => [.. Shape(), .. bytes],
        });
    }
}
