using System.Runtime.InteropServices;
using System.Text;

namespace GpuKMeans.Measure;

/// <summary>Reads and writes whole .npy files.</summary>
internal static class Npy
{
    private const int HeaderLength = 128;

    /// <summary>Rows in memory, in pinned memory, or left in the file.</summary>
    public static VectorSource Rows(string path, bool mapped, bool pinned = false)
    {
        if (pinned)
        {
            using VectorSource source = VectorFile.Open(path);
            return new PinnedVectors(source);
        }

        VectorSource file = VectorFile.Open(path);
        if (mapped)
        {
            return file;
        }

        using (file)
        {
            return VectorSource.FromMemory(ReadAll(file), file.Dimension);
        }
    }

    public static float[,] Matrix(string path)
    {
        using VectorSource file = VectorFile.Open(path);
        var matrix = new float[file.Count, file.Dimension];
        file.Read(0, MemoryMarshal.CreateSpan(ref matrix[0, 0], matrix.Length));
        return matrix;
    }

    /// <summary>Writes a vector of int32, version 1.</summary>
    public static void Write(string path, int[] values)
    {
        byte[] header = new byte[HeaderLength];
        header.AsSpan().Fill((byte)' ');
        new byte[] { 0x93, (byte)'N', (byte)'U', (byte)'M', (byte)'P', (byte)'Y', 1, 0, HeaderLength - 10, 0 }.CopyTo(header, 0);
        Encoding.ASCII.GetBytes($"{{'descr': '<i4', 'fortran_order': False, 'shape': ({values.Length},), }}").CopyTo(header, 10);
        header[^1] = (byte)'\n';
        using FileStream file = File.Create(path);
        file.Write(header);
        file.Write(MemoryMarshal.AsBytes(values.AsSpan()));
    }

    private static float[] ReadAll(VectorSource source)
    {
        const int Block = 1 << 14;
        float[] values = GC.AllocateUninitializedArray<float>(checked((int)(source.Count * source.Dimension)));
        HugePages.Ask(values);
        for (long row = 0; row < source.Count; row += Block)
        {
            long rows = Math.Min(Block, source.Count - row);
            source.Read(row, values.AsSpan((int)(row * source.Dimension), (int)(rows * source.Dimension)));
        }

        return values;
    }
}
