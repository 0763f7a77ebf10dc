using System.Runtime.InteropServices;

namespace GpuKMeans.Engines;

/// <summary>Keeps the rows farthest from their centres, of all whose distances go by.</summary>
/// <remarks>
/// What no longer counts is dropped when a buffer of twice as many is full, so that a row costs a comparison, and only the few
/// that count when they go by cost more.
/// </remarks>
internal sealed class FarthestRows
{
    // What it takes to sort is spread over so many rows at least.
    private const int LeastRoom = 1024;

    private readonly int _most;
    private readonly Candidate[] _kept;
    private int _count;
    private float _floor;
    private long _seen;

    /// <summary>Begins with no rows.</summary>
    /// <param name="most">How many are kept, at least one.</param>
    /// <param name="rows">How many there are in all.</param>
    public FarthestRows(int most, long rows)
    {
        _most = most;
        _kept = new Candidate[Math.Min(rows, most + (long)Math.Max(most, LeastRoom))];
    }

    /// <summary>Looks at the rows that follow those it has seen.</summary>
    /// <param name="distances">Their squared distances.</param>
    /// <param name="weights">Their weights, of which rows of none are passed over; empty where all are 1.</param>
    public void Add(ReadOnlySpan<float> distances, ReadOnlySpan<float> weights)
    {
        // The bits of floats that are not negative are in the order of the floats.
        ReadOnlySpan<int> bits = MemoryMarshal.Cast<float, int>(distances);
        for (int i = 0; ; i++)
        {
            int farther = bits[i..].IndexOfAnyExceptInRange(0, BitConverter.SingleToInt32Bits(_floor));
            if (farther < 0)
            {
                break;
            }

            i += farther;
            if (distances[i] > _floor && (weights.IsEmpty || weights[i] > 0))
            {
                Keep(new Candidate(distances[i], _seen + i));
            }
        }

        _seen += distances.Length;
    }

    /// <summary>The rows kept, farthest first and of rows equally far the lowest first; none at distance 0.</summary>
    public long[] InOrder()
    {
        DropNearest();
        return [.. _kept.Take(_count).Select(candidate => candidate.Row)];
    }

    private void Keep(Candidate candidate)
    {
        if (_count == _kept.Length)
        {
            DropNearest();

            // Rows come in order, so that of rows as near as the last kept none that follows counts.
            _floor = _kept[_count - 1].Distance;
            if (candidate.Distance <= _floor)
            {
                return;
            }
        }

        _kept[_count++] = candidate;
    }

    private void DropNearest()
    {
        _kept.AsSpan(0, _count).Sort();
        _count = Math.Min(_count, _most);
    }

    private readonly record struct Candidate(float Distance, long Row) : IComparable<Candidate>
    {
        public int CompareTo(Candidate other) =>
            Distance != other.Distance ? (Distance > other.Distance ? -1 : 1) : Row.CompareTo(other.Row);
    }
}
