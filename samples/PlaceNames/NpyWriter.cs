using System.Runtime.InteropServices;
using System.Text;

namespace PlaceNames;

/// <summary>Writes float32 rows as a .npy file, version 1.</summary>
internal static class NpyWriter
{
    private const int HeaderLength = 128;

    public static void Write(string path, float[,] rows)
    {
        byte[] header = new byte[HeaderLength];
        string shape = $"{{'descr': '<f4', 'fortran_order': False, 'shape': ({rows.GetLength(0)}, {rows.GetLength(1)}), }}";
        header.AsSpan().Fill((byte)' ');
        new byte[] { 0x93, (byte)'N', (byte)'U', (byte)'M', (byte)'P', (byte)'Y', 1, 0, HeaderLength - 10, 0 }.CopyTo(header, 0);
        Encoding.ASCII.GetBytes(shape).CopyTo(header, 10);
        header[^1] = (byte)'\n';

        using FileStream file = File.Create(path);
        file.Write(header);
        for (int row = 0; row < rows.GetLength(0); row++)
        {
            file.Write(MemoryMarshal.AsBytes(MemoryMarshal.CreateReadOnlySpan(ref rows[row, 0], rows.GetLength(1))));
        }
    }
}
