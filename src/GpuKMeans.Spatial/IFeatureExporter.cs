namespace GpuKMeans.Spatial;

/// <summary>Writes <see cref="ClusteredFeatures"/> somewhere: a file, a table, a service.</summary>
/// <remarks>
/// Implement this to add a target of your own. An exporter holds where and how to write; it keeps no state between
/// calls. It writes all of the features or, on any error or cancellation, nothing: what stood at the target before
/// stays as it was.
/// </remarks>
public interface IFeatureExporter
{
    /// <summary>Writes the features.</summary>
    /// <param name="features">What to write.</param>
    /// <param name="cancellationToken">Stops the work, leaving the target as it was.</param>
    void Export(ClusteredFeatures features, CancellationToken cancellationToken = default);

    /// <summary>Writes the features without blocking the caller.</summary>
    /// <param name="features">What to write.</param>
    /// <param name="cancellationToken">Stops the work, leaving the target as it was.</param>
    Task ExportAsync(ClusteredFeatures features, CancellationToken cancellationToken = default);

    /// <summary>Writes features that come a batch at a time, without ever holding more than a few batches.</summary>
    /// <param name="batches">
    /// What to write, as <see cref="KMeansClusteringTool.RunAsync"/> yields it: the batches have the same columns, reference
    /// system, and all or none of them geometries.
    /// </param>
    /// <param name="cancellationToken">Stops the work, leaving the target as it was.</param>
    /// <exception cref="ArgumentException">There is no batch, or a batch differs from the first; the message names its first row.</exception>
    Task ExportAsync(IAsyncEnumerable<ClusteredFeatures> batches, CancellationToken cancellationToken = default);
}
