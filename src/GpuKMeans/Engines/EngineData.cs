namespace GpuKMeans.Engines;

/// <summary>Rows made ready by <see cref="KMeansEngine.Load"/>, with what the engine keeps for each of them.</summary>
internal abstract class EngineData : IDisposable
{
    /// <summary>Sets the shape.</summary>
    protected EngineData(long count, int dimension, RowFrame frame)
    {
        Count = count;
        Dimension = dimension;
        Frame = frame;
    }

    /// <summary>The number of rows.</summary>
    public long Count { get; }

    /// <summary>The number of values in a row.</summary>
    public int Dimension { get; }

    /// <summary>How rows are seen.</summary>
    public RowFrame Frame { get; }

    /// <summary>Releases the rows.</summary>
    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Releases the rows.</summary>
    /// <param name="disposing">True from <see cref="Dispose()"/>, false from a finaliser.</param>
    protected abstract void Dispose(bool disposing);
}
