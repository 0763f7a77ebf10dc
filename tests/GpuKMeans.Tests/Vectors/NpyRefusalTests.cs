namespace GpuKMeans.Tests.Vectors;

/// <summary>Each .npy file that cannot be read is refused with its path and what is wrong.</summary>
public sealed class NpyRefusalTests
{
    private static readonly byte[] _good = Npy.File([1, 2, 3, 4, 5, 6], 2, 3);

    public static TheoryData<string, string, byte[]> Unreadable => new()
    {
        { "Fortran order", "it is in Fortran order; write it with numpy.ascontiguousarray", Whole(Npy.Header("<f4", "(2, 3)", "True")) },
        { "big-endian", "big-endian; write it with array.astype('<f4')", Whole(Npy.Header(">f4", "(2, 3)")) },
        { "big-endian double", "big-endian", Whole(Npy.Header(">f8", "(2, 3)")) },
        { "half", "of type '<f2'; '<f4' and '<f8' can be read", Whole(Npy.Header("<f2", "(2, 3)")) },
        { "int", "of type '<i4'", Whole(Npy.Header("<i4", "(2, 3)")) },
        { "long", "of type '<i8'", Whole(Npy.Header("<i8", "(2, 3)")) },
        { "bytes", "of type '|u1'", Whole(Npy.Header("|u1", "(2, 3)")) },
        { "objects", "of type '|O'", Whole(Npy.Header("|O", "(2, 3)")) },
        { "complex", "of type '<c8'", Whole(Npy.Header("<c8", "(2, 3)")) },
        { "no dimension", "its shape is (); a shape of (rows, columns) is needed", Whole(Npy.Header("<f4", "()")) },
        { "1-d", "its shape is (6,); a shape of (rows, columns)", Whole(Npy.Header("<f4", "(6,)")) },
        { "3-d", "its shape is (1, 2, 3)", Whole(Npy.Header("<f4", "(1, 2, 3)")) },
        { "no columns", "its shape is (2, 0)", Whole(Npy.Header("<f4", "(2, 0)")) },
        { "negative", "its shape is (-2, 3)", Whole(Npy.Header("<f4", "(-2, 3)")) },
        { "too many columns", "its shape is (1, 3000000000)", Whole(Npy.Header("<f4", "(1, 3000000000)")) },
        { "beyond all numbers", "its shape is (99999999999999999999, 3)", Whole(Npy.Header("<f4", "(99999999999999999999, 3)")) },
        { "a lie", "cut short: 9223372036854775807 rows of 2147483647 values", Whole(Npy.Header("<f8", "(9223372036854775807, 2147483647)")) },
        { "one value short", "cut short: 2 rows of 3 values need 152 bytes and there are 148", _good[..^4] },
        { "one byte short", "cut short: 2 rows of 3 values need 152 bytes and there are 151", _good[..^1] },
        { "header alone", "cut short", Npy.Header("<f4", "(2, 3)") },
        { "header cut", "before the header's stated length", _good[..60] },
        { "length cut", "before the header's stated length", Npy.File([1], 1, 1, version: 2)[..11] },
        { "header too long", "before the header's stated length", [0x93, .. "NUMPY"u8, 2, 0, 0xFF, 0xFF, 0xFF, 0xFF, .. new byte[200]] },
        { "no descr", "lacks 'descr', 'fortran_order' or 'shape'", Whole(Npy.Raw("{'fortran_order': False, 'shape': (2, 3)}")) },
        { "no order", "lacks 'descr', 'fortran_order' or 'shape'", Whole(Npy.Raw("{'descr': '<f4', 'shape': (2, 3)}")) },
        { "no shape", "lacks 'descr', 'fortran_order' or 'shape'", Whole(Npy.Raw("{'descr': '<f4', 'fortran_order': False}")) },
        { "a record", "lacks 'descr', 'fortran_order' or 'shape'", Whole(Npy.Raw("{'descr': [('x', '<f4')], 'fortran_order': False, 'shape': (6,)}")) },
        { "version 0", "its version is 0.0; versions 1 to 3 can be read", Altered(6, 0) },
        { "version 4", "its version is 4.0", Altered(6, 4) },
        { "magic", "does not begin as a .npy file does", Altered(0, (byte)'N') },
        { "zip", "does not begin as a .npy file does", [.. "PK\u0003\u0004"u8, .. new byte[100]] },
        { "text", "does not begin as a .npy file does", "1.0, 2.0, 3.0\n4.0, 5.0, 6.0\n"u8.ToArray() },
        { "empty", "does not begin as a .npy file does", [] },
        { "a few bytes", "does not begin as a .npy file does", _good[..9] },
    };

    [Theory, MemberData(nameof(Unreadable))]
    public void What_cannot_be_read_is_refused_with_the_reason(string what, string message, byte[] bytes)
    {
        using var folder = new TemporaryFolder();
        string path = folder.Write($"{what}.npy", bytes);
        InvalidDataException error = Assert.Throws<InvalidDataException>(() => VectorFile.Open(path));
        Assert.Contains(message, error.Message);
        Assert.Contains(path, error.Message);
        File.Delete(path);
    }

    [Fact]
    public void A_file_cut_at_any_byte_is_refused()
    {
        using var folder = new TemporaryFolder();
        for (int length = 0; length < _good.Length; length++)
        {
            string path = folder.Write("cut.npy", _good[..length]);
            Assert.Throws<InvalidDataException>(() => VectorFile.Open(path));
        }
    }

    [Fact]
    public void A_file_that_is_not_there_is_not_found()
    {
        using var folder = new TemporaryFolder();
        FileNotFoundException error = Assert.Throws<FileNotFoundException>(() => VectorFile.Open(folder.File("none.npy")));
        Assert.Contains("none.npy", error.Message);
        Assert.Throws<ArgumentException>(() => VectorFile.Open(""));
        Assert.Throws<ArgumentNullException>(() => VectorFile.Open((string)null!));
    }

    private static byte[] Whole(byte[] header) => [.. header, .. new byte[48]];

    private static byte[] Altered(int at, byte value)
    {
        byte[] bytes = [.. _good];
        bytes[at] = value;
        return bytes;
    }
}
