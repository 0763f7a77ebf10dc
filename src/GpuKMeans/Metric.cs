namespace GpuKMeans;

/// <summary>What "near" means.</summary>
public enum Metric
{
    /// <summary>Euclidean distance.</summary>
    Euclidean,

    /// <summary>
    /// The angle: rows and centres are both scaled to unit length (spherical k-means). Distances are 1 − cos, inertia is
    /// the sum of squared chords, 2·(1 − cos). A row of zeros has no direction and is refused.
    /// </summary>
    Cosine,
}
