namespace GpuKMeans.Engines;

/// <summary>
/// The one boundary to hardware: whole k-means operations on centres that live on a device. The algorithms
/// (<see cref="MiniBatchKMeans"/>, <see cref="KMeans"/>) decide what is done and never touch a distance; an engine
/// does the arithmetic and never decides.
/// </summary>
/// <remarks>
/// <para>
/// Every engine gives the same labels, bit for bit: the label of a row is the lowest-numbered centre at the least
/// distance, where distances are those of float64 arithmetic on the float32 rows and float32 centres. An engine may
/// find most labels by any faster arithmetic whose error it can bound, and must settle the rest in float64.
/// Sums are accumulated in float64 in an order that depends on the data alone.
/// </para>
/// <para>An instance is used by one thread at a time.</para>
/// </remarks>
internal abstract class KMeansEngine : IDisposable
{
    /// <summary>The device the engine computes on.</summary>
    public abstract Device Device { get; }

    /// <summary>A name for people: the instruction set, or the GPU.</summary>
    public abstract string Name { get; }

    /// <summary>Rows worth giving to <see cref="Assign"/> at once: many keep a device busy, few let the work be stopped sooner.</summary>
    public virtual int RowsPerCall => 1 << 18;

    /// <summary>Makes rows ready for the other operations: pins them, uploads them, or prepares to stream them.</summary>
    /// <param name="rows">The rows. They must outlive the result.</param>
    /// <param name="weights">One weight a row, finite and not negative; or empty for weights of 1.</param>
    /// <param name="frame">How rows are to be seen.</param>
    /// <param name="once">Whether each row will be read once: then it need not stay on the device.</param>
    public abstract EngineData Load(VectorSource rows, ReadOnlyMemory<float> weights, RowFrame frame, bool once = false);

    /// <summary>Sets the centres, and the weight each has been given so far.</summary>
    /// <param name="centers">K×D values, row after row, in the coordinates of the data.</param>
    /// <param name="counts">K weights.</param>
    /// <param name="frame">The frame of the data that will be used with them.</param>
    public abstract void SetCenters(ReadOnlySpan<float> centers, ReadOnlySpan<double> counts, RowFrame frame);

    /// <summary>Reads the centres: K×D values.</summary>
    public abstract void GetCenters(Span<float> centers);

    /// <summary>Reads the weight each centre has been given.</summary>
    public abstract void GetCounts(Span<double> counts);

    /// <summary>
    /// Reads the running means in float64: K×D values. Centres are these, rounded to float32 and, where the frame
    /// normalises, scaled to unit length.
    /// </summary>
    public abstract void GetMeans(Span<double> means);

    /// <summary>Sets the running means behind the centres, as <see cref="GetMeans"/> has read them, to go on from there.</summary>
    /// <param name="means">K×D values, of which the centres set last are the roundings.</param>
    public abstract void SetMeans(ReadOnlySpan<double> means);

    /// <summary>Finds the nearest centre of consecutive rows.</summary>
    /// <param name="data">The rows.</param>
    /// <param name="start">The first row.</param>
    /// <param name="labels">Takes the labels; its length says how many rows.</param>
    /// <param name="squaredDistances">Takes the squared distances, from direct differences; or empty.</param>
    /// <returns>The inertia: the sum of weight × squared distance over these rows, in float64.</returns>
    public abstract double Assign(EngineData data, long start, Span<int> labels, Span<float> squaredDistances);

    /// <summary>Squared distances from consecutive rows to every centre, from direct differences.</summary>
    /// <param name="data">The rows.</param>
    /// <param name="start">The first row.</param>
    /// <param name="squaredDistances">Takes n×K values, row after row; its length says how many rows.</param>
    public abstract void Distances(EngineData data, long start, Span<float> squaredDistances);

    /// <summary>
    /// Runs consecutive mini-batch steps: each assigns a batch to the centres as they are, then moves every centre that
    /// was given points of weight n and mean x̄ by N ← N + n, c ← c + (n / N)·(x̄ − c). Centres are kept in float64 and
    /// rounded to float32 for the distances.
    /// </summary>
    /// <param name="data">The rows.</param>
    /// <param name="order">The order in which rows are taken.</param>
    /// <param name="position">The place in the order at which the first batch begins.</param>
    /// <param name="batchSize">Rows a step; the batch that reaches the end of the order is shorter.</param>
    /// <param name="steps">Takes the figures of each step; its length says how many steps.</param>
    public abstract void RunSteps(EngineData data, RowOrder order, long position, int batchSize, Span<StepStatistics> steps);

    /// <summary>Puts centres on rows, and sets the weight they count as having been given.</summary>
    /// <param name="data">The rows.</param>
    /// <param name="clusters">The centres to move.</param>
    /// <param name="rows">The row each is moved to.</param>
    /// <param name="count">The weight each is set to.</param>
    public abstract void Reseed(EngineData data, ReadOnlySpan<int> clusters, ReadOnlySpan<long> rows, double count);

    /// <summary>
    /// The first half of a Lloyd iteration: assigns all rows, keeps their labels and distances with the data, and adds them
    /// to the sums of their clusters. Several data may be accumulated, one after another, before the centres move.
    /// </summary>
    public abstract LloydStatistics Accumulate(EngineData data, CancellationToken cancellationToken);

    /// <summary>
    /// The second half: moves each centre to the mean of its rows, whose weight becomes its count. Before that, each empty
    /// cluster, lowest first, takes over the row farthest from its centre that no other has taken (at the same distance, the
    /// lowest row), which leaves the cluster it was in. A row of weight 0, at distance 0, or whose cluster would be emptied
    /// by it is passed over. An empty cluster for which there is no row left keeps its centre and counts 0.
    /// </summary>
    /// <param name="data">The rows last accumulated, among which empty clusters look for one.</param>
    /// <param name="relocated">The number of empty clusters that were moved.</param>
    /// <returns>The sum of the squared distances the centres moved.</returns>
    public abstract double MoveCenters(EngineData data, out int relocated);

    /// <summary>Reads labels that <see cref="Accumulate"/> kept.</summary>
    public abstract void GetLabels(EngineData data, long start, Span<int> labels);

    /// <summary>Begins k-means++ over rows.</summary>
    public abstract Seeding StartSeeding(EngineData data);

    /// <summary>Releases the device's memory.</summary>
    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Releases the device's memory.</summary>
    /// <param name="disposing">True from <see cref="Dispose()"/>, false from a finaliser.</param>
    protected abstract void Dispose(bool disposing);
}
