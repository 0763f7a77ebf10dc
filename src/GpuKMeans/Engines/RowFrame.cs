namespace GpuKMeans.Engines;

/// <summary>How an engine sees rows.</summary>
/// <param name="Origin">
/// D values near the middle of the data, which an engine may subtract from rows and centres alike: distances stay the
/// same and lose fewer digits.
/// </param>
/// <param name="Normalize">Whether rows, and the centres after each move, are scaled to unit length.</param>
internal sealed record RowFrame(ReadOnlyMemory<float> Origin, bool Normalize)
{
    /// <summary>The number of values in a row.</summary>
    public int Dimension => Origin.Length;
}
