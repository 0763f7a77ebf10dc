using System.Runtime.InteropServices;
using System.Text;

namespace LargerThanMemory;

/// <summary>Writes clouds of vectors to a .npy file, a block at a time.</summary>
internal static class VectorMaker
{
    private const int HeaderLength = 128;
    private const int BlockRows = 1 << 16;
    private const int Clouds = 1000;

    /// <summary>Makes the file; always the same one for a shape.</summary>
    /// <returns>Whether it had to be made.</returns>
    public static bool Make(string path, long rows, int dimension)
    {
        if (File.Exists(path) && new FileInfo(path).Length == HeaderLength + (rows * dimension * sizeof(float)) && Header(rows, dimension).AsSpan().SequenceEqual(Start(path)))
        {
            return false;
        }

        float[] middles = new float[Clouds * dimension];
        var random = new Random(0);
        foreach (ref float value in middles.AsSpan())
        {
            value = (random.NextSingle() * 20) - 10;
        }

        using FileStream file = File.Create(path);
        file.Write(Header(rows, dimension));
        float[][] blocks = [.. Enumerable.Range(0, Environment.ProcessorCount).Select(_ => new float[BlockRows * dimension])];
        for (long start = 0; start < rows; start += (long)blocks.Length * BlockRows)
        {
            long first = start;
            Parallel.For(0, blocks.Length, i => Fill(blocks[i], dimension, middles, (first / BlockRows) + i));
            foreach (float[] block in blocks)
            {
                int count = (int)Math.Clamp(rows - first, 0, BlockRows);
                file.Write(MemoryMarshal.AsBytes(block.AsSpan(0, count * dimension)));
                first += count;
            }
        }

        return true;
    }

    private static void Fill(float[] block, int dimension, float[] middles, long number)
    {
        var random = new Random((int)number + 1);
        for (int row = 0; row < BlockRows; row++)
        {
            int cloud = random.Next(Clouds) * dimension;
            for (int d = 0; d < dimension; d++)
            {
                // The sum of three has nearly a bell's shape.
                float noise = random.NextSingle() + random.NextSingle() + random.NextSingle() - 1.5f;
                block[(row * dimension) + d] = middles[cloud + d] + (2 * noise);
            }
        }
    }

    private static byte[] Header(long rows, int dimension)
    {
        byte[] header = new byte[HeaderLength];
        header.AsSpan().Fill((byte)' ');
        new byte[] { 0x93, (byte)'N', (byte)'U', (byte)'M', (byte)'P', (byte)'Y', 1, 0, HeaderLength - 10, 0 }.CopyTo(header, 0);
        Encoding.ASCII.GetBytes($"{{'descr': '<f4', 'fortran_order': False, 'shape': ({rows}, {dimension}), }}").CopyTo(header, 10);
        header[^1] = (byte)'\n';
        return header;
    }

    private static byte[] Start(string path)
    {
        byte[] start = new byte[HeaderLength];
        using FileStream file = File.OpenRead(path);
        file.ReadExactly(start);
        return start;
    }
}
