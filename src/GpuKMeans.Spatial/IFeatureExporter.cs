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
}
