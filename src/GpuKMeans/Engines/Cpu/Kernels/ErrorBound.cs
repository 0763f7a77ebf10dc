namespace GpuKMeans.Engines.Cpu;

/// <summary>How far a float32 score may be from the true one, so that labels can be certain.</summary>
/// <remarks>
/// <para>
/// With u = 2⁻²⁴ and the shifted vectors x, c: rounding the shift costs at most u·‖c‖·(2‖x‖ + ‖c‖), rounding ½‖c‖² costs
/// u·½‖c‖², and a chain of m fused multiply-adds that starts from it costs m·u·(½‖c‖² + ‖x‖·‖c‖) (Higham, "Accuracy and
/// Stability of Numerical Algorithms", §3.1 and §4.2), where m is the columns of a chunk and the number of chunks.
/// Together at most E = g·(½‖c‖² + ‖x‖·‖c‖) with g = (m + 4)·u.
/// </para>
/// <para>
/// A centre at least as near as the best found, at distance d, has ‖c‖ ≤ R = ‖x‖ + d, however long other centres are. So
/// only centres whose score is within 2E(R) of the best can be the nearest; d itself comes from the best score, and its
/// error moves it by less than 4·√g·‖x‖, and that of ‖x‖², which is summed in one chain of D, by √(D·u)·‖x‖. The constants below are rounded up for the arithmetic of the bound itself.
/// </para>
/// </remarks>
internal readonly struct ErrorBound
{
    public ErrorBound(int dimension, int roundingsPerTerm, float longestCenter)
        : this(dimension, roundingsPerTerm, longestCenter, OfFloat32(dimension, roundingsPerTerm))
    {
    }

    private ErrorBound(int dimension, int roundingsPerTerm, float longestCenter, double g)
    {
        double normError = ((roundingsPerTerm * (double)dimension) + 4) * Math.ScaleB(1, -24);
        TwoG = (float)(Twice * g);
        Slack = (float)((4.1 * Math.Sqrt(g)) + (1.1 * Math.Sqrt(normError)));
        NormLess = (float)(1 - (2.04 * (g + normError)));
        Longest = longestCenter * 1.001f;

        // Products that underflow lose an absolute amount.
        Underflow = dimension * 4f * LeastNormal;
    }

    /// <summary>The least normal number of float32.</summary>
    public const float LeastNormal = 1.17549435e-38f;

    /// <summary>2, with room.</summary>
    public const float Twice = 2.04f;

    /// <summary>What the roundings of shifts, norms and scores add to g in 16 bits.</summary>
    public const float CoarseRoundings = 12 / 16777216f;

    /// <summary>‖x‖² below which a vector is not rounded to 16 bits.</summary>
    public const float LeastCoarse = 1e-30f;

    /// <summary>A factor that makes up for the roundings of a few operations.</summary>
    public const float Less = 1 - 1e-6f;

    /// <summary>2g, with room.</summary>
    public float TwoG { get; }

    /// <summary>A factor that makes a computed ‖x‖² no more than the true one, by 2g less.</summary>
    public float NormLess { get; }

    /// <summary>4·√g and the root of the error of ‖x‖², with room.</summary>
    public float Slack { get; }

    /// <summary>The norm of the longest centre, with room.</summary>
    public float Longest { get; }

    /// <summary>What underflow may cost.</summary>
    public float Underflow { get; }

    /// <summary>
    /// The bound of scores in 16 bits. Rounding moves a row by a share e of its length and a centre by f of its, and so x·c by
    /// (e·(1 + f) + f)·‖x‖·‖c‖; the sums are exact, and a few roundings make them scores. For rows 2g is computed from how far each
    /// was moved; this is for those that were moved the most.
    /// </summary>
    public static ErrorBound Coarse(int dimension, int roundingsPerTerm, float longestCenter)
    {
        double e = 0.51 * Math.Sqrt(dimension) / CpuKernel.CoarseValue;
        return new ErrorBound(dimension, roundingsPerTerm, longestCenter, (e * (2 + e)) + CoarseRoundings);
    }

    private static double OfFloat32(int dimension, int roundingsPerTerm)
    {
        int chunk = Math.Min(dimension, CpuKernel.ChunkColumns), chunks = (dimension + chunk - 1) / chunk;
        return ((roundingsPerTerm * (double)chunk) + chunks + 4) * Math.ScaleB(1, -24);
    }

    /// <summary>2E for a row: the plain form of what the kernels compute lane by lane.</summary>
    /// <param name="squaredNorm">‖x‖².</param>
    /// <param name="score">The score of a centre that is as far as R reaches: the best, or the second best.</param>
    public float Margin(float squaredNorm, float score)
    {
        float norm = MathF.Sqrt(squaredNorm);
        float distance = MathF.Sqrt(MathF.Max(squaredNorm - (2 * score), 0));
        float reach = MathF.Min(Longest, norm + distance + (Slack * norm));
        return (TwoG * reach * ((0.5f * reach) + norm)) + Underflow;
    }

    /// <summary>
    /// A distance at which, or beyond, all centres but the best lie: those within R of the second best score have at most
    /// that score and E, and those beyond R are farther. The plain form of what the kernels compute.
    /// </summary>
    public float LeastDistance(float squaredNorm, float second)
    {
        float squares = (squaredNorm * NormLess) - (2 * second) - Margin(squaredNorm, second);
        return MathF.Sqrt(MathF.Max(squares, 0)) * Less;
    }

    /// <summary>
    /// The least score that a centre within a distance can have: ½(‖x‖² − d²) less E, for it has ‖c‖ ≤ ‖x‖ + d; the last
    /// factor makes up for the roundings here.
    /// </summary>
    public float LeastScore(float squaredNorm, float distance)
    {
        float norm = MathF.Sqrt(squaredNorm), reach = MathF.Min(Longest, (norm + distance) * 1.001f);
        float squares = distance * distance, margin = (TwoG * reach * ((0.5f * reach) + norm)) + Underflow;
        return (0.5f * ((squaredNorm * NormLess) - squares - margin)) - (1e-6f * (squaredNorm + squares));
    }
}
