using System.Runtime.InteropServices;
using GpuKMeans.Engines;

namespace GpuKMeans;

/// <summary>Fitted centres, with which rows can be placed. Immutable, and safe to share between threads.</summary>
/// <remarks>
/// A row's label is the lowest-numbered centre at the least distance, where distances are those of float64 arithmetic on
/// the float32 rows and centres: the same on every device, kernel and number of threads.
/// </remarks>
public sealed partial class KMeansModel
{
    // Rows between two looks at the cancellation token.
    private const int PartRows = 1 << 18;

    private readonly float[] _centers;
    private readonly double[] _counts;
    private readonly RowFrame _frame;
    private KMeansEngine? _idle;

    internal KMeansModel(float[] centers, double[] counts, int dimension, Metric metric, Device device, int threads, Precision precision)
    {
        (_centers, _counts, Dimension, Metric) = (centers, counts, dimension, metric);
        (Device, MaxDegreeOfParallelism, Precision) = (device, threads, precision);
        _frame = new RowFrame(Middle(), metric == Metric.Cosine);
    }

    /// <summary>The number of clusters, K.</summary>
    public int ClusterCount => _counts.Length;

    /// <summary>The number of values in a row, D.</summary>
    public int Dimension { get; }

    /// <summary>What "near" means.</summary>
    public Metric Metric { get; }

    /// <summary>Where rows are placed.</summary>
    public Device Device { get; }

    /// <summary>The most threads the CPU engine uses; −1 for one a core.</summary>
    public int MaxDegreeOfParallelism { get; }

    /// <summary>What the nearest centres are looked for in: as in training, or as <see cref="Load(string, Device, int, Precision)"/> was told.</summary>
    public Precision Precision { get; }

    /// <summary>The centres, K×D. A copy.</summary>
    public float[,] ClusterCenters
    {
        get
        {
            float[,] centers = new float[ClusterCount, Dimension];
            _centers.CopyTo(Flat(centers));
            return centers;
        }
    }

    /// <summary>The weight each centre was given in training. A copy.</summary>
    public double[] ClusterCounts => [.. _counts];

    /// <summary>Finds the nearest centre of each row.</summary>
    /// <param name="data">N rows of <see cref="Dimension"/> values.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    /// <returns>N labels, from 0.</returns>
    /// <remarks>O(N·K·D) operations; memory for the labels alone.</remarks>
    /// <exception cref="ArgumentException">The dimension differs, or a row is unfit; the message names it.</exception>
    public int[] Predict(VectorSource data, CancellationToken cancellationToken = default)
    {
        Check(data);
        if (data.Count > Array.MaxLength)
        {
            throw KMeansErrors.TooManyLabels(data.Count);
        }

        int[] labels = GC.AllocateUninitializedArray<int>((int)data.Count);
        Assign(data, default, labels, wantInertia: false, null, cancellationToken);
        return labels;
    }

    /// <summary>Finds the nearest centre of one row.</summary>
    /// <param name="row"><see cref="Dimension"/> values.</param>
    /// <exception cref="ArgumentException">The dimension differs, or a value is not finite.</exception>
    public int Predict(ReadOnlySpan<float> row) => row.Length == Dimension
        ? Predict(VectorSource.FromMemory(row.ToArray(), Dimension))[0]
        : throw KMeansErrors.DimensionMismatch(row.Length, Dimension);

    /// <summary>Distances from each row to each centre: true distances, not squared; under cosine, 1 − cos.</summary>
    /// <param name="data">N rows of <see cref="Dimension"/> values.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    /// <returns>N×K distances.</returns>
    /// <exception cref="ArgumentException">The dimension differs, or a row is unfit; the message names it.</exception>
    public float[,] Transform(VectorSource data, CancellationToken cancellationToken = default)
    {
        Check(data);
        data.Summarize(default, _frame.Normalize, MaxDegreeOfParallelism, cancellationToken);
        float[,] distances = new float[data.Count, ClusterCount];
        int part = Math.Max(1, PartRows / ClusterCount);
        using Lease lease = new(this, data);
        using EngineData rows = lease.Engine.Load(data, default, _frame, once: true);
        for (long start = 0; start < data.Count; start += part)
        {
            cancellationToken.ThrowIfCancellationRequested();
            int count = (int)Math.Min(part, data.Count - start);
            Span<float> values = MemoryMarshal.CreateSpan(ref distances[start, 0], count * ClusterCount);
            lease.Engine.Distances(rows, start, values);
            foreach (ref float value in values)
            {
                value = Metric == Metric.Cosine ? value / 2 : MathF.Sqrt(value);
            }
        }

        lease.Succeeded = true;
        return distances;
    }

    /// <summary>
    /// Minus the inertia of rows: −Σ weight × squared distance to the nearest centre (under cosine, of squared chords).
    /// Greater is better, as in scikit-learn.
    /// </summary>
    /// <param name="data">N rows of <see cref="Dimension"/> values.</param>
    /// <param name="weights">One weight a row, or empty for weights of 1.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    /// <exception cref="ArgumentException">The dimension differs, or a row or weight is unfit; the message names it.</exception>
    public double Score(VectorSource data, ReadOnlyMemory<float> weights = default, CancellationToken cancellationToken = default)
    {
        Check(data);
        if (!weights.IsEmpty)
        {
            data.Summarize(weights, _frame.Normalize, MaxDegreeOfParallelism, cancellationToken);
        }

        return -Assign(data, weights, default, wantInertia: true, null, cancellationToken);
    }

    /// <summary>Labels rows, keeping the labels unless <paramref name="labels"/> is empty.</summary>
    /// <returns>The inertia; 0 where it is not wanted.</returns>
    internal double Assign(
        VectorSource data,
        ReadOnlyMemory<float> weights,
        Span<int> labels,
        bool wantInertia,
        IProgress<FitProgress>? progress,
        CancellationToken cancellationToken)
    {
        using Lease lease = new(this, data);
        using EngineData rows = lease.Engine.Load(data, weights, _frame, once: true);
        int most = lease.Engine.RowsPerCall, part = (int)Math.Min(most, data.Count);
        int[] spare = labels.IsEmpty ? new int[part] : [];
        float[] distances = wantInertia ? new float[part] : [];
        double inertia = 0;
        for (long start = 0; start < data.Count; start += most)
        {
            cancellationToken.ThrowIfCancellationRequested();
            int count = (int)Math.Min(most, data.Count - start);
            Span<int> destination = labels.IsEmpty ? spare.AsSpan(0, count) : labels.Slice((int)start, count);
            inertia += lease.Engine.Assign(rows, start, destination, wantInertia ? distances.AsSpan(0, count) : []);
            progress?.Report(new FitProgress(FitPhase.Labeling, 0, 0, start + count, data.Count, double.NaN));
        }

        lease.Succeeded = true;
        return inertia;
    }

    internal static Span<float> Flat(float[,] values) => values.Length == 0
        ? []
        : MemoryMarshal.CreateSpan(ref values[0, 0], values.Length);

    private void Check(VectorSource data)
    {
        ArgumentNullException.ThrowIfNull(data);
        if (data.Dimension != Dimension)
        {
            throw KMeansErrors.DimensionMismatch(data.Dimension, Dimension);
        }
    }

    // The centres' mean is near the middle of the data they were fitted to.
    private float[] Middle()
    {
        float[] middle = new float[Dimension];
        for (int d = 0; d < Dimension; d++)
        {
            double sum = 0;
            for (int j = 0; j < ClusterCount; j++)
            {
                sum += _centers[(j * Dimension) + d];
            }

            middle[d] = (float)(sum / ClusterCount);
        }

        return middle;
    }

    /// <summary>
    /// The model's engine for one call; a second call at the same time gets one of its own. An engine that has failed in the middle
    /// of its work is not used again.
    /// </summary>
    private sealed class Lease : IDisposable
    {
        private readonly KMeansModel _model;

        public Lease(KMeansModel model, VectorSource rows)
        {
            _model = model;
            Device device = EngineFactory.Choose(
                model.Device, model.MaxDegreeOfParallelism, (double)rows.Count * model.ClusterCount * model.Dimension, rows);
            KMeansEngine? engine = Interlocked.Exchange(ref model._idle, null);
            if (engine is not null && engine.Device != device)
            {
                engine.Dispose();
                engine = null;
            }

            if (engine is null)
            {
                engine = EngineFactory.Create(device, model.MaxDegreeOfParallelism, model.Precision, rows);
                try
                {
                    engine.SetCenters(model._centers, model._counts, model._frame);
                }
                catch
                {
                    engine.Dispose();
                    throw;
                }
            }

            Engine = engine;
        }

        public KMeansEngine Engine { get; }

        /// <summary>Whether the engine has done what it was asked to.</summary>
        public bool Succeeded { get; set; }

        public void Dispose()
        {
            if (!Succeeded || Interlocked.CompareExchange(ref _model._idle, Engine, null) is not null)
            {
                Engine.Dispose();
            }
        }
    }
}
