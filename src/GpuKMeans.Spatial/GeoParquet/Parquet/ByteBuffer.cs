using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace GpuKMeans.Spatial.Parquet;

/// <summary>Bytes that grow at the end and are used again after <see cref="Clear"/>. Numbers are little-endian.</summary>
internal sealed class ByteBuffer
{
    private byte[] _bytes = new byte[256];

    public int Length { get; private set; }

    public ReadOnlySpan<byte> Written => _bytes.AsSpan(0, Length);

    public ReadOnlyMemory<byte> WrittenMemory => _bytes.AsMemory(0, Length);

    public void Clear() => Length = 0;

    /// <summary>Adds room for <paramref name="count"/> bytes, which the caller fills: they may hold old bytes.</summary>
    public Span<byte> Append(int count)
    {
        int start = Length;
        if (count > _bytes.Length - start)
        {
            Grow(count);
        }

        Length = start + count;
        return _bytes.AsSpan(start, count);
    }

    /// <summary>Takes back bytes at the end.</summary>
    public void Shorten(int length) => Length = length;

    public void Write(ReadOnlySpan<byte> bytes) => bytes.CopyTo(Append(bytes.Length));

    public void Write<T>(T value)
        where T : unmanaged
        => Put(Append(Unsafe.SizeOf<T>()), value);

    /// <summary>Writes over a number left open earlier.</summary>
    public void WriteAt<T>(int position, T value)
        where T : unmanaged
        => Put(_bytes.AsSpan(position, Unsafe.SizeOf<T>()), value);

    /// <summary>Unsigned LEB128, as Thrift, the level encoding and Snappy have it.</summary>
    public void WriteVarint(ulong value)
    {
        while (value >= 0x80)
        {
            Write((byte)(value | 0x80));
            value >>= 7;
        }

        Write((byte)value);
    }

    private static void Put<T>(Span<byte> target, T value)
        where T : unmanaged
    {
        MemoryMarshal.Write(target, in value);
        if (!BitConverter.IsLittleEndian)
        {
            target.Reverse();
        }
    }

    private void Grow(int count)
    {
        long needed = (long)Length + count;
        if (needed > Array.MaxLength)
        {
            throw SpatialErrors.PageTooLarge(Array.MaxLength);
        }

        Array.Resize(ref _bytes, (int)Math.Min(Array.MaxLength, Math.Max(needed, 2L * _bytes.Length)));
    }
}
