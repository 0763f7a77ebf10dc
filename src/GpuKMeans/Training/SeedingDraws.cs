using GpuKMeans.Engines;

namespace GpuKMeans;

/// <summary>
/// Draws rows with probability ∝ weight × D². Rows are drawn ahead, for many are measured in one pass, and one whose D² has
/// since been lowered is kept with probability new / old: what is left has the distribution of now.
/// </summary>
/// <param name="seeding">What keeps D² and measures.</param>
/// <param name="trials">The candidates of a step.</param>
/// <param name="steps">The steps that there will be.</param>
internal sealed class SeedingDraws(Seeding seeding, int trials, int steps)
{
    // What reading the data once costs, as that many rows to measure.
    private const double PassCost = 16;

    private readonly List<(long Row, float Then)> _ahead = [];

    // Of the step at hand, where another pool goes on with it.
    private readonly long[] _candidates = new long[trials];
    private int _kept;
    private int _next;
    private double _then = double.PositiveInfinity;
    private long _left = (long)trials * steps;

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
                _left--;
            }
        }
    }

    /// <summary>Chooses centres by as many steps as one pool lasts for.</summary>
    /// <returns>How many: none where the step at hand goes on with another pool.</returns>
    public int Choose(Span<long> centers, ref SplitMix64 random)
    {
        if (_next == _ahead.Count)
        {
            Refill(_candidates.AsSpan(0, _kept), ref random);
        }

        // Steps may end before all are looked at: then no more numbers have been drawn.
        SplitMix64 ahead = random;
        long[] rows = new long[_ahead.Count - _next];
        double[] thresholds = new double[rows.Length];
        for (int i = 0; i < rows.Length; i++)
        {
            (rows[i], float then) = _ahead[_next + i];
            thresholds[i] = ahead.NextDouble() * then;
        }

        int before = _kept;
        (int drawn, int chosen) = seeding.TakeSteps(rows, thresholds, _candidates, ref _kept, centers);
        for (int i = 0; i < drawn; i++)
        {
            random.NextDouble();
        }

        _next += drawn;
        _left -= _kept - before + ((long)chosen * trials);
        return chosen;
    }

    // Candidates of the step at hand stay in the pool.
    private void Refill(ReadOnlySpan<long> kept, ref SplitMix64 random)
    {
        int room = Math.Max(seeding.PoolSize, trials) - (seeding.KeepsPrepared ? 0 : kept.Length);
        long[] rows = new long[kept.Length + Math.Min(room, Worthwhile())];
        double[] shares = new double[rows.Length - kept.Length];
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

        _then = seeding.Potential;
        seeding.Prepare(rows);
    }

    /// <summary>
    /// How many rows to draw. If D² goes on falling as over those drawn last, by a share f a row, of m rows m·(1 − f·m/2) are
    /// kept: the cost of each, (pass + m) / (m·(1 − f·m/2)), is least where ½f·m² + pass·f·m = pass. Of the first nothing is known
    /// but that D² falls fast. Not many more than are needed until the end.
    /// </summary>
    private int Worthwhile()
    {
        bool first = _ahead.Count == 0;
        double falls = first ? 0 : Math.Max(1 - (seeding.Potential / _then), 1e-9) / _ahead.Count;
        double best = seeding.FillsPool ? seeding.PoolSize
            : first ? trials * 2
            : Math.Sqrt((PassCost * PassCost) + (2 * PassCost / falls)) - PassCost;
        double needed = _left / Math.Max(0.5, 1 - (falls * _left / 2)) * 1.1;
        return Math.Max(trials, (int)Math.Min(best, needed));
    }
}
