using GpuKMeans.Engines;

namespace GpuKMeans;

/// <summary>
/// Draws rows with probability ∝ weight × D². Where an engine measures a pool of rows at once, rows are drawn ahead, and
/// one whose D² has since been lowered is kept with probability new / old: what is left has the distribution of now.
/// </summary>
internal sealed class SeedingDraws(Seeding seeding, int trials)
{
    private readonly ISeedingPool? _pool = seeding as ISeedingPool;
    private readonly List<(long Row, float Then)> _ahead = [];
    private int _next;

    /// <summary>Draws the candidates of one step, all of them measured.</summary>
    public void Draw(Span<long> candidates, ref SplitMix64 random)
    {
        for (int count = 0; count < candidates.Length;)
        {
            if (_pool is null)
            {
                candidates[count++] = seeding.Find(random.NextDouble());
                continue;
            }

            if (_next == _ahead.Count)
            {
                Refill(candidates[..count], ref random);
            }

            (long row, float then) = _ahead[_next++];
            if (random.NextDouble() * then < _pool.SquaredDistance(row))
            {
                candidates[count++] = row;
            }
        }
    }

    // Candidates of the step at hand stay in the pool. It begins with few, for D² falls fast at first.
    private void Refill(ReadOnlySpan<long> kept, ref SplitMix64 random)
    {
        int size = Math.Max(trials, Math.Min(_pool!.PoolSize, Math.Max(trials * 2, _ahead.Count * 2)));
        _ahead.Clear();
        _next = 0;
        long[] rows = new long[size];
        kept.CopyTo(rows);
        for (int i = kept.Length; i < size; i++)
        {
            rows[i] = seeding.Find(random.NextDouble());
            _ahead.Add((rows[i], _pool.SquaredDistance(rows[i])));
        }

        _pool.Prepare(rows);
    }
}
