using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;

namespace GpuKMeans.Tests;

/// <summary>Writes .npy files as NumPy does, and as it does not.</summary>
internal static class Npy
{
    /// <summary>A whole file.</summary>
    public static byte[] File(float[] values, int rows, int columns, string type = "<f4", int version = 1) =>
    [
        .. Header(type, $"({rows}, {columns})", version: version),
        .. type == "<f8"
            ? MemoryMarshal.AsBytes<double>(Array.ConvertAll(values, value => (double)value))
            : MemoryMarshal.AsBytes<float>(values),
    ];

    /// <summary>The part before the values, padded as NumPy pads it.</summary>
    public static byte[] Header(string type, string shape, string fortran = "False", int version = 1) =>
        Raw($"{{'descr': '{type}', 'fortran_order': {fortran}, 'shape': {shape}, }}", version);

    /// <summary>A header of any text.</summary>
    public static byte[] Raw(string text, int version = 1)
    {
        int prefix = version == 1 ? 10 : 12;
        byte[] dictionary = version == 3 ? Encoding.UTF8.GetBytes(text) : Encoding.Latin1.GetBytes(text);
        int length = (prefix + dictionary.Length + 1 + 63) / 64 * 64;
        byte[] header = new byte[length];
        header.AsSpan().Fill((byte)' ');
        header[^1] = (byte)'\n';
        header[0] = 0x93;
        "NUMPY"u8.CopyTo(header.AsSpan(1));
        (header[6], header[7]) = ((byte)version, 0);
        if (version == 1)
        {
            BinaryPrimitives.WriteUInt16LittleEndian(header.AsSpan(8), (ushort)(length - prefix));
        }
        else
        {
            BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan(8), (uint)(length - prefix));
        }

        dictionary.CopyTo(header.AsSpan(prefix));
        return header;
    }
}
