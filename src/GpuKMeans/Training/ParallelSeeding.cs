using GpuKMeans.Engines;

namespace GpuKMeans;

/// <summary>
/// k-means‖: in a few rounds, each one pass over the rows, rows are drawn independently with probability ∝ weight × D²,
/// about two for each cluster; each counts as many rows as it is nearest to, and k-means++ chooses among these.
/// </summary>
/// <remarks>Bahmani, Moseley, Vattani, Kumar and Vassilvitskii, "Scalable k-means++", 2012.</remarks>
internal sealed class ParallelSeeding(KMeansEngine engine, RowFrame frame, int clusters)
{
    /// <summary>The passes, and the rows drawn in each for every cluster: those of the paper's measurements.</summary>
    public const int Rounds = 5, RowsPerCluster = 2;

    private const int PartRows = 1 << 18;

    /// <summary>Draws the rows to choose among.</summary>
    /// <param name="rows">All rows.</param>
    /// <param name="data">The same rows on the engine.</param>
    /// <param name="weights">Their weights, or empty.</param>
    /// <param name="first">The row to begin with: one of weight above 0.</param>
    /// <param name="random">What draws.</param>
    /// <param name="cancellationToken">Stops the passes.</param>
    /// <returns>
    /// The rows drawn, in order of their numbers within each round, and the weight of the rows nearest to each: fewer than
    /// the clusters where not that many rows lie apart.
    /// </returns>
    public (long[] Rows, float[] Weights) Draw(
        VectorSource rows,
        EngineData data,
        ReadOnlyMemory<float> weights,
        long first,
        ref SplitMix64 random,
        CancellationToken cancellationToken)
    {
        float[] least = new float[rows.Count];
        int[] nearest = new int[rows.Count];
        least.AsSpan().Fill(float.PositiveInfinity);
        List<long> drawn = [first];
        int measured = 0;
        for (int round = 0; ; round++)
        {
            double potential = Lower(rows, data, drawn, measured, weights.Span, least, nearest, cancellationToken);
            measured = drawn.Count;
            if (round == Rounds || !(potential > 0))
            {
                break;
            }

            double scale = RowsPerCluster * (double)clusters / potential;
            for (int row = 0; row < least.Length; row++)
            {
                double weight = weights.IsEmpty ? 1 : weights.Span[row];
                if (random.NextDouble() < scale * weight * least[row])
                {
                    drawn.Add(row);
                }
            }
        }

        double[] sums = new double[drawn.Count];
        for (int row = 0; row < nearest.Length; row++)
        {
            sums[nearest[row]] += weights.IsEmpty ? 1 : weights.Span[row];
        }

        // Of rows drawn that are equal, the first has all the weight.
        int[] apart = [.. Enumerable.Range(0, sums.Length).Where(i => sums[i] > 0)];
        return (Array.ConvertAll(apart, i => drawn[i]), Array.ConvertAll(apart, i => (float)sums[i]));
    }

    /// <summary>Lowers each row's D² by the rows drawn last.</summary>
    /// <returns>The sum of weight × D².</returns>
    private double Lower(
        VectorSource rows,
        EngineData data,
        List<long> drawn,
        int measured,
        ReadOnlySpan<float> weights,
        float[] least,
        int[] nearest,
        CancellationToken cancellationToken)
    {
        long[] added = [.. drawn.Skip(measured)];
        if (added.Length > 0)
        {
            float[] centers = new float[added.Length * rows.Dimension];
            rows.Gather(added, centers);
            engine.SetCenters(centers, new double[added.Length], frame);
        }

        int[] labels = new int[Math.Min(PartRows, least.Length)];
        float[] distances = new float[labels.Length];
        double potential = 0;
        for (int start = 0; start < least.Length; start += PartRows)
        {
            cancellationToken.ThrowIfCancellationRequested();
            int count = Math.Min(PartRows, least.Length - start);
            if (added.Length > 0)
            {
                engine.Assign(data, start, labels.AsSpan(0, count), distances.AsSpan(0, count));
            }

            for (int i = 0; i < count; i++)
            {
                int row = start + i;
                if (added.Length > 0 && distances[i] < least[row])
                {
                    (least[row], nearest[row]) = (distances[i], measured + labels[i]);
                }

                potential += (weights.IsEmpty ? 1 : weights[row]) * (double)least[row];
            }
        }

        return potential;
    }
}
