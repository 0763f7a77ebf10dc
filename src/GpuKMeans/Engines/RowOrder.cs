using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace GpuKMeans.Engines;

/// <summary>
/// An order in which to take the rows 0 … N − 1, each once: as they are, or shuffled by a seed. The row at a place is
/// computed, not stored, so that an order costs no memory and every device can follow the same one.
/// </summary>
/// <remarks>
/// The shuffle is a four-round Feistel network over the smallest even number of bits that holds N, applied again while
/// the result is N or more (cycle-walking: fewer than four applications on average). Black and Rogaway, "Ciphers with
/// arbitrary finite domains", 2002. A round's function is the finaliser of MurmurHash3, 32 bits, of half ⊕ key.
/// </remarks>
internal readonly record struct RowOrder
{
    private readonly int _halfBits;

    private RowOrder(long count, int halfBits, uint key0, uint key1, uint key2, uint key3)
    {
        Count = count;
        _halfBits = halfBits;
        Key0 = key0;
        Key1 = key1;
        Key2 = key2;
        Key3 = key3;
    }

    /// <summary>The number of rows.</summary>
    public long Count { get; }

    /// <summary>Whether rows are taken as they are.</summary>
    public bool IsSequential => _halfBits == 0;

    /// <summary>Half the width of the network in bits; 0 for rows as they are.</summary>
    public int HalfBits => _halfBits;

    /// <summary>The key of the first round.</summary>
    public uint Key0 { get; }

    /// <summary>The key of the second round.</summary>
    public uint Key1 { get; }

    /// <summary>The key of the third round.</summary>
    public uint Key2 { get; }

    /// <summary>The key of the fourth round.</summary>
    public uint Key3 { get; }

    /// <summary>Rows as they are.</summary>
    public static RowOrder Sequential(long count) => new(count, 0, 0, 0, 0, 0);

    /// <summary>Rows shuffled.</summary>
    /// <param name="count">The number of rows.</param>
    /// <param name="seed">Which of the shuffles.</param>
    public static RowOrder Shuffled(long count, ulong seed)
    {
        int bits = 2;
        while (bits < 62 && 1L << bits < count)
        {
            bits += 2;
        }

        ulong low = Mix(seed += 0x9E3779B97F4A7C15);
        ulong high = Mix(seed + 0x9E3779B97F4A7C15);
        return new(count, bits / 2, (uint)low, (uint)(low >> 32), (uint)high, (uint)(high >> 32));
    }

    /// <summary>The row at a place.</summary>
    /// <param name="position">The place, from 0 to <see cref="Count"/> − 1.</param>
    public long this[long position]
    {
        get
        {
            if (_halfBits == 0)
            {
                return position;
            }

            uint mask = (uint)((1UL << _halfBits) - 1);
            ulong value = (ulong)position;
            do
            {
                uint left = (uint)(value >> _halfBits);
                uint right = (uint)value & mask;
                (left, right) = (right, left ^ (Round(right ^ Key0) & mask));
                (left, right) = (right, left ^ (Round(right ^ Key1) & mask));
                (left, right) = (right, left ^ (Round(right ^ Key2) & mask));
                (left, right) = (right, left ^ (Round(right ^ Key3) & mask));
                value = ((ulong)left << _halfBits) | right;
            }
            while (value >= (ulong)Count);
            return (long)value;
        }
    }

    /// <summary>The rows at consecutive places: the same as asking for one after another, several times as fast.</summary>
    /// <param name="position">The first place.</param>
    /// <param name="rows">Takes the rows; its length says how many.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void CopyTo(long position, Span<long> rows)
    {
        int done = 0;
        if (_halfBits is > 0 and <= 16)
        {
            for (; done <= rows.Length - 16; done += 16)
            {
                Sixteen((uint)(position + done), rows.Slice(done, 16));
            }
        }

        for (; done < rows.Length; done++)
        {
            rows[done] = this[position + done];
        }
    }

    // Values of up to 32 bits, a lane each; lanes that have arrived wait for the others.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Sixteen(uint position, Span<long> rows)
    {
        Vector512<uint> mask = Vector512.Create((uint)((1UL << _halfBits) - 1)), last = Vector512.Create((uint)(Count - 1));
        Vector512<uint> value = Vector512<uint>.Indices + Vector512.Create(position);
        Vector512<uint> walking = Vector512<uint>.AllBitsSet;
        do
        {
            Vector512<uint> left = value >>> _halfBits, right = value & mask;
            (left, right) = (right, left ^ (Round(right ^ Vector512.Create(Key0)) & mask));
            (left, right) = (right, left ^ (Round(right ^ Vector512.Create(Key1)) & mask));
            (left, right) = (right, left ^ (Round(right ^ Vector512.Create(Key2)) & mask));
            (left, right) = (right, left ^ (Round(right ^ Vector512.Create(Key3)) & mask));
            value = Vector512.ConditionalSelect(walking, (left << _halfBits) | right, value);
            walking = Vector512.GreaterThan(value, last);
        }
        while (walking != Vector512<uint>.Zero);

        (Vector512<ulong> lower, Vector512<ulong> upper) = Vector512.Widen(value);
        lower.AsInt64().CopyTo(rows);
        upper.AsInt64().CopyTo(rows[8..]);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<uint> Round(Vector512<uint> h)
    {
        h ^= h >>> 16;
        h *= Vector512.Create(0x85EBCA6B);
        h ^= h >>> 13;
        h *= Vector512.Create(0xC2B2AE35);
        return h ^ (h >>> 16);
    }

    private static uint Round(uint h)
    {
        h ^= h >> 16;
        h *= 0x85EBCA6B;
        h ^= h >> 13;
        h *= 0xC2B2AE35;
        return h ^ (h >> 16);
    }

    // The finaliser of SplitMix64.
    private static ulong Mix(ulong z)
    {
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }
}
