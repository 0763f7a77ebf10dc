using System.Buffers.Binary;

namespace GpuKMeans.Spatial.Parquet;

/// <summary>
/// Compresses to the raw Snappy format: the length, then literals and copies of what came up to 64 KiB before.
/// </summary>
internal sealed class SnappyEncoder
{
    // Matches are sought inside blocks of this size, so that a position in a block fits 16 bits.
    private const int BlockSize = 1 << 16;
    private const int TableBits = 14;
    private const int MinMatch = 4;
    private const int LongestCopy = 64;

    // Where in the block four bytes with a given hash stood last.
    private readonly ushort[] _table = new ushort[1 << TableBits];

    public void Encode(ReadOnlySpan<byte> input, ByteBuffer output)
    {
        output.WriteVarint((ulong)input.Length);
        while (!input.IsEmpty)
        {
            int size = Math.Min(BlockSize, input.Length);
            EncodeBlock(input[..size], output);
            input = input[size..];
        }
    }

    private void EncodeBlock(ReadOnlySpan<byte> block, ByteBuffer output)
    {
        Array.Clear(_table);
        int literalStart = 0;
        int position = 1;
        while (position <= block.Length - MinMatch)
        {
            uint word = Word(block, position);
            ref ushort slot = ref _table[word * 0x9E3779B1 >> (32 - TableBits)];
            int candidate = slot;
            slot = (ushort)position;
            if (candidate >= position || Word(block, candidate) != word)
            {
                // The longer nothing matches, the larger the steps: what does not compress costs little time.
                position += 1 + (position - literalStart >> 5);
                continue;
            }

            WriteLiteral(block[literalStart..position], output);
            int length = MinMatch + block[(position + MinMatch)..].CommonPrefixLength(block[(candidate + MinMatch)..]);
            WriteCopy(position - candidate, length, output);
            position += length;
            literalStart = position;
        }

        WriteLiteral(block[literalStart..], output);
    }

    private static uint Word(ReadOnlySpan<byte> block, int position) =>
        BinaryPrimitives.ReadUInt32LittleEndian(block[position..]);

    // Tag 00: the length less one, in the tag up to 59, else in one or two bytes after it.
    private static void WriteLiteral(ReadOnlySpan<byte> literal, ByteBuffer output)
    {
        int length = literal.Length - 1;
        switch (length)
        {
            case < 0:
                return;
            case < 60:
                output.Write((byte)(length << 2));
                break;
            case < 256:
                output.Write((byte)(60 << 2));
                output.Write((byte)length);
                break;
            default:
                output.Write((byte)(61 << 2));
                output.Write((ushort)length);
                break;
        }

        output.Write(literal);
    }

    // Tag 10: up to 64 bytes from up to 64 KiB back. Tag 01, shorter: 4 to 11 bytes from up to 2 KiB back.
    private static void WriteCopy(int offset, int length, ByteBuffer output)
    {
        for (; length > LongestCopy; length -= LongestCopy)
        {
            output.Write((byte)(LongestCopy - 1 << 2 | 2));
            output.Write((ushort)offset);
        }

        if (length is >= 4 and <= 11 && offset < 2048)
        {
            output.Write((byte)(offset >> 8 << 5 | length - 4 << 2 | 1));
            output.Write((byte)offset);
        }
        else
        {
            output.Write((byte)(length - 1 << 2 | 2));
            output.Write((ushort)offset);
        }
    }
}
