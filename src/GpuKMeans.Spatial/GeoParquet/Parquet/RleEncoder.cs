namespace GpuKMeans.Spatial.Parquet;

/// <summary>Parquet's hybrid of run lengths and bit-packing, for definition levels and dictionary indices.</summary>
internal static class RleEncoder
{
    // Bit-packed values come in groups of eight, so a shorter run never pays.
    private const int Group = 8;

    /// <param name="values">Numbers of at most <paramref name="bitWidth"/> bits.</param>
    /// <param name="bitWidth">Bits a value.</param>
    /// <param name="output">Where the runs go, without a length before them.</param>
    public static void Encode(ReadOnlySpan<int> values, int bitWidth, ByteBuffer output)
    {
        int position = 0;
        while (position < values.Length)
        {
            int run = RunLength(values[position..]);
            if (run >= Group)
            {
                output.WriteVarint((ulong)run << 1);
                WriteRepeated(values[position], bitWidth, output);
                position += run;
                continue;
            }

            int start = position;
            do
            {
                position += Group;
            }
            while (position < values.Length && RunLength(values[position..]) < Group);

            // Only the last group of all can be short: it is filled up with zeros, which readers ignore.
            int groups = (position - start) / Group;
            position = Math.Min(position, values.Length);
            output.WriteVarint((ulong)groups << 1 | 1);
            Pack(values[start..position], groups * Group, bitWidth, output);
        }
    }

    private static int RunLength(ReadOnlySpan<int> values)
    {
        int end = values.IndexOfAnyExcept(values[0]);
        return end < 0 ? values.Length : end;
    }

    private static void WriteRepeated(int value, int bitWidth, ByteBuffer output)
    {
        for (int shift = 0; shift < bitWidth; shift += 8)
        {
            output.Write((byte)(value >> shift));
        }
    }

    private static void Pack(ReadOnlySpan<int> values, int count, int bitWidth, ByteBuffer output)
    {
        ulong pending = 0;
        int bits = 0;
        for (int i = 0; i < count; i++)
        {
            pending |= (ulong)(i < values.Length ? (uint)values[i] : 0) << bits;
            for (bits += bitWidth; bits >= 8; bits -= 8)
            {
                output.Write((byte)pending);
                pending >>= 8;
            }
        }
    }
}
