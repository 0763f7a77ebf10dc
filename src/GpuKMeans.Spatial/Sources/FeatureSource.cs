using System.Runtime.CompilerServices;
using NetTopologySuite.Geometries;

namespace GpuKMeans.Spatial;

/// <summary>
/// Rows with an id, a vector, and where there is one a geometry, that come a batch at a time: the input of
/// <see cref="KMeansClusteringTool.RunAsync"/>, for more rows than memory holds.
/// </summary>
/// <remarks>
/// To add a source of your own, derive and implement <see cref="ReadAsync"/>, as an async iterator for example; override
/// <see cref="Vectors"/> where vectors alone can be had for less. It is read by one reader at a time, a few batches ahead of
/// the work.
/// </remarks>
public abstract class FeatureSource
{
    /// <summary>Sets what is known beforehand.</summary>
    /// <param name="dimension">The number of values in a vector, 1 or more.</param>
    /// <param name="count">The number of rows, or null when it is not known.</param>
    /// <param name="canRepeat">Whether <see cref="ReadAsync"/> may be called again and gives the same rows.</param>
    /// <param name="crs">The reference system of the geometries; null when it is not known.</param>
    protected FeatureSource(int dimension, long? count, bool canRepeat, CoordinateReferenceSystem? crs)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(dimension);
        ArgumentOutOfRangeException.ThrowIfNegative(count ?? 0, nameof(count));
        (Dimension, Count, CanRepeat, Crs) = (dimension, count, canRepeat, crs);
    }

    /// <summary>The number of values in a vector.</summary>
    public int Dimension { get; }

    /// <summary>The number of rows; null when it is not known.</summary>
    public long? Count { get; }

    /// <summary>Whether the rows can be read more than once, the same each time.</summary>
    public bool CanRepeat { get; }

    /// <summary>The reference system of the geometries; null when it is not known.</summary>
    public CoordinateReferenceSystem? Crs { get; }

    /// <summary>The vectors alone, in the same order.</summary>
    public virtual VectorStream Vectors => new VectorsOfBatches(this);

    /// <summary>Reads the rows from the first to the last.</summary>
    /// <param name="cancellationToken">Stops reading.</param>
    /// <returns>
    /// Batches of any number of rows, with the same columns, and all or none of them with geometries. A batch may be kept:
    /// unlike those of a <see cref="VectorStream"/>, its parts are not filled again.
    /// </returns>
    public abstract IAsyncEnumerable<FeatureBatch> ReadAsync(CancellationToken cancellationToken);

    /// <summary>Takes batches as they come.</summary>
    /// <param name="batches">The rows.</param>
    /// <param name="dimension">The number of values in a vector.</param>
    /// <param name="crs">
    /// The reference system of the geometries: a code that is built in, the text of a PROJJSON object, or null when it is not known.
    /// </param>
    /// <param name="count">The number of rows, where it is known: progress then tells the time left.</param>
    /// <param name="canRepeat">Whether the batches can be enumerated again, with the same rows.</param>
    public static FeatureSource FromBatches(
        IAsyncEnumerable<FeatureBatch> batches, int dimension, string? crs = "EPSG:4326", long? count = null, bool canRepeat = false)
    {
        ArgumentNullException.ThrowIfNull(batches);
        return new GivenBatches(batches, dimension, count, canRepeat, CoordinateReferenceSystem.ParseOrNull(crs));
    }

    /// <inheritdoc cref="FromBatches(IAsyncEnumerable{FeatureBatch}, int, string?, long?, bool)"/>
    public static FeatureSource FromBatches(
        IEnumerable<FeatureBatch> batches, int dimension, string? crs = "EPSG:4326", long? count = null, bool canRepeat = false)
    {
        ArgumentNullException.ThrowIfNull(batches);
        return new GivenBatches(Later(batches), dimension, count, canRepeat, CoordinateReferenceSystem.ParseOrNull(crs));
    }

    /// <summary>Takes vectors from a source, such as a file, and asks for the id and the geometry of each row.</summary>
    /// <typeparam name="TId">The type of an id: string, int, long or Guid.</typeparam>
    /// <param name="vectors">The vectors; they stay the caller's.</param>
    /// <param name="id">Gives the id of a row.</param>
    /// <param name="geometry">Gives the geometry of a row, or null for a row that has none; null when there is no geometry at all.</param>
    /// <param name="crs">
    /// The reference system of the geometries: a code that is built in, the text of a PROJJSON object, or null when it is not known.
    /// </param>
    public static FeatureSource From<TId>(
        VectorSource vectors, Func<long, TId> id, Func<long, Geometry?>? geometry = null, string? crs = "EPSG:4326")
    {
        ArgumentNullException.ThrowIfNull(vectors);
        ArgumentNullException.ThrowIfNull(id);
        return new VectorFeatures<TId>(vectors, id, geometry, CoordinateReferenceSystem.ParseOrNull(crs));
    }

    private static async IAsyncEnumerable<FeatureBatch> Later(IEnumerable<FeatureBatch> batches)
    {
        foreach (FeatureBatch batch in batches)
        {
            yield return batch;
        }

        await Task.CompletedTask.ConfigureAwait(false);
    }

    private sealed class GivenBatches(
        IAsyncEnumerable<FeatureBatch> batches,
        int dimension,
        long? count,
        bool canRepeat,
        CoordinateReferenceSystem? crs)
        : FeatureSource(dimension, count, canRepeat, crs)
    {
        public override async IAsyncEnumerable<FeatureBatch> ReadAsync([EnumeratorCancellation] CancellationToken cancellationToken)
        {
            await foreach (FeatureBatch batch in batches.WithCancellation(cancellationToken).ConfigureAwait(false))
            {
                yield return batch;
            }
        }
    }

    private sealed class VectorsOfBatches(FeatureSource source) : VectorStream(source.Dimension, source.Count, source.CanRepeat)
    {
        public override async IAsyncEnumerable<ReadOnlyMemory<float>> ReadAsync(
            [EnumeratorCancellation] CancellationToken cancellationToken)
        {
            long row = 0;
            await foreach (FeatureBatch batch in source.ReadAsync(cancellationToken).WithCancellation(cancellationToken).ConfigureAwait(false))
            {
                batch.CheckVectors(Dimension, row);
                yield return batch.Vectors;
                row += batch.Count;
            }
        }
    }
}
