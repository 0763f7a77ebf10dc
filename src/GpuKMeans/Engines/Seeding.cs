namespace GpuKMeans.Engines;

/// <summary>
/// The device's side of k-means++: keeps D², each row's squared distance to the nearest centre chosen so far, and lowers
/// it as centres are added. Distances are from direct differences, so that a row equal to a centre has D² = 0 exactly.
/// </summary>
internal abstract class Seeding : IDisposable
{
    /// <summary>The sum of weight × D² over all rows, in float64; infinite before the first centre.</summary>
    public abstract double Potential { get; }

    /// <summary>The number of rows worth preparing at once: as many as memory allows, some 4 bytes a row of data each.</summary>
    public abstract int PoolSize { get; }

    /// <summary>
    /// Whether rows that were prepared the last time and are again keep their distances, which costs little: then they come on top
    /// of <see cref="PoolSize"/>.
    /// </summary>
    public virtual bool KeepsPrepared => false;

    /// <summary>Whether measuring one row takes as long as measuring <see cref="PoolSize"/>.</summary>
    public virtual bool FillsPool => false;

    /// <summary>
    /// Finds the distances from all rows to these in one pass, to be evaluated over the next steps: reading the data is what
    /// k-means++ costs. Rows that were prepared before and are not now are forgotten.
    /// </summary>
    /// <param name="rows">The rows that will be evaluated.</param>
    public abstract void Prepare(ReadOnlySpan<long> rows);

    /// <summary>Finds what the potential would become with each of some rows as the next centre.</summary>
    /// <param name="candidates">The rows to try: at most <see cref="MaxCandidates"/>. They are prepared if they are not.</param>
    /// <param name="potentials">Takes one potential each.</param>
    public abstract void Evaluate(ReadOnlySpan<long> candidates, Span<double> potentials);

    /// <summary>Makes one of the rows last evaluated the next centre: D² is lowered by it.</summary>
    /// <param name="candidate">Its place among the candidates.</param>
    public abstract void Accept(int candidate);

    /// <summary>Whether steps may be left to <see cref="TakeSteps"/>.</summary>
    public virtual bool TakesSteps => false;

    /// <summary>
    /// Goes from step to step as long as rows last: those drawn whose D² is above their thresholds are tried, in order and so many for
    /// a centre, and the first of those that leave the least potential is made the next. Ends where no potential is left as well.
    /// </summary>
    /// <param name="drawn">Rows: the last that were prepared.</param>
    /// <param name="thresholds">One for each.</param>
    /// <param name="candidates">As many prepared rows as a step tries.</param>
    /// <param name="kept">How many of them the first step has already; takes how many the step that rows did not last for has.</param>
    /// <param name="centers">Takes the rows chosen: at most so many.</param>
    /// <returns>How many of the drawn rows were looked at, and how many centres were chosen.</returns>
    public virtual (int Drawn, int Centers) TakeSteps(
        ReadOnlySpan<long> drawn, ReadOnlySpan<double> thresholds, Span<long> candidates, ref int kept, Span<long> centers) =>
        throw new NotSupportedException();

    /// <summary>The D² of a row that is prepared.</summary>
    public abstract float SquaredDistance(long row);

    /// <summary>Finds the first rows at which the running sum of weight × D² exceeds shares of <see cref="Potential"/>.</summary>
    /// <param name="shares">The shares, at least 0 and below 1.</param>
    /// <param name="rows">Takes the rows: ones with weight × D² above 0.</param>
    /// <param name="squaredDistances">Takes their D².</param>
    public abstract void Find(ReadOnlySpan<double> shares, Span<long> rows, Span<float> squaredDistances);

    /// <summary>The most rows <see cref="Evaluate"/> takes at once.</summary>
    public const int MaxCandidates = 16;

    /// <summary>The rows that greedy k-means++ tries for each centre.</summary>
    public static int TrialsFor(int clusters) => Math.Min(2 + (int)Math.Log(clusters), MaxCandidates);

    /// <summary>Releases what is kept for each row.</summary>
    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Releases what is kept for each row.</summary>
    /// <param name="disposing">True from <see cref="Dispose()"/>, false from a finaliser.</param>
    protected abstract void Dispose(bool disposing);
}
