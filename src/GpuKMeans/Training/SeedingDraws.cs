using GpuKMeans.Engines;

namespace GpuKMeans;

/// <summary>
/// Draws rows with probability ∝ weight × D². Rows are drawn ahead, for many are measured in one pass, and one whose D² has
/// since been lowered is kept with probability new / old: what is left has the distribution of now.
/// </summary>
internal sealed class SeedingDraws(Seeding seeding, int trials)
{
    private readonly List<(long Row, float Then)> _ahead = [];
    private int _next;

    /// <summary>Draws the candidates of one step, all of them measured.</summary>
    public void Draw(Span<long> candidates, ref SplitMix64 random)
    {
        for (int count = 0; count < candidates.Length;)
        {
            if (_next == _ahead.Count)
            {
                Refill(candidates[..count], ref random);
            }

            (long row, float then) = _ahead[_next++];
            if (random.NextDouble() * then < seeding.SquaredDistance(row))
            {
                candidates[count++] = row;
            }
        }
    }

    // Candidates of the step at hand stay in the pool. It begins with few, for D² falls fast at first.
    private void Refill(ReadOnlySpan<long> kept, ref SplitMix64 random)
    {
        int size = Math.Max(trials, Math.Min(seeding.PoolSize, Math.Max(trials * 2, _ahead.Count * 2)));
        long[] rows = new long[size];
        double[] shares = new double[size - kept.Length];
        float[] distances = new float[shares.Length];
        for (int i = 0; i < shares.Length; i++)
        {
            shares[i] = random.NextDouble();
        }

        kept.CopyTo(rows);
        seeding.Find(shares, rows.AsSpan(kept.Length), distances);
        _ahead.Clear();
        _next = 0;
        for (int i = 0; i < distances.Length; i++)
        {
            _ahead.Add((rows[kept.Length + i], distances[i]));
        }

        seeding.Prepare(rows);
    }
}
