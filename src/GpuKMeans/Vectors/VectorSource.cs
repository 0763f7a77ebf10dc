using System.Buffers;
using GpuKMeans.Engines;

namespace GpuKMeans;

/// <summary>
/// Rows of float32 vectors, all of one dimension, that can be read at any place and as often as needed. The input of
/// <see cref="MiniBatchKMeans"/> and <see cref="KMeans"/>.
/// </summary>
/// <remarks>
/// <para>
/// <c>float[,]</c> and <c>float[][]</c> convert to a source by themselves; see also <see cref="FromMemory"/> and
/// <see cref="VectorFile.Open(string)"/>. Arrays are viewed, never copied: leave them unchanged while they are in use.
/// </para>
/// <para>
/// To add a source of your own, derive and implement <see cref="Read"/>; override <see cref="Gather"/> where scattered
/// rows can be had faster than one by one, and <see cref="TryPin"/> where the rows lie in memory as contiguous float32.
/// Every member must be safe to call from several threads at once.
/// </para>
/// </remarks>
public abstract class VectorSource : IDisposable
{
    /// <summary>Sets the shape.</summary>
    /// <param name="count">The number of rows, 0 or more.</param>
    /// <param name="dimension">The number of values in a row, 1 or more.</param>
    /// <exception cref="ArgumentOutOfRangeException">A number is out of range.</exception>
    protected VectorSource(long count, int dimension)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(dimension);
        Count = count;
        Dimension = dimension;
    }

    /// <summary>The number of rows.</summary>
    public long Count { get; }

    /// <summary>The number of values in a row.</summary>
    public int Dimension { get; }

    /// <summary>Copies consecutive rows.</summary>
    /// <param name="start">The first row.</param>
    /// <param name="destination">Takes the rows one after another: a multiple of <see cref="Dimension"/> in length.</param>
    public abstract void Read(long start, Span<float> destination);

    /// <summary>Copies rows that lie anywhere.</summary>
    /// <param name="rows">The rows, in the order wanted.</param>
    /// <param name="destination">Takes the rows one after another: <c>rows.Length × Dimension</c> long.</param>
    public virtual void Gather(ReadOnlySpan<long> rows, Span<float> destination)
    {
        for (int i = 0; i < rows.Length; i++)
        {
            Read(rows[i], destination.Slice(i * Dimension, Dimension));
        }
    }

    /// <summary>
    /// Fixes the rows in memory, where they lie there as contiguous float32 in row order, so that an engine may read
    /// them in place.
    /// </summary>
    /// <param name="handle">Points at the first value of row 0 until it is disposed.</param>
    /// <returns>Whether it could be done; when not, engines call <see cref="Read"/> and <see cref="Gather"/>.</returns>
    public virtual bool TryPin(out MemoryHandle handle)
    {
        handle = default;
        return false;
    }

    /// <summary>The device in whose memory the rows lie, where <see cref="Device.Auto"/> then computes; null for the host's.</summary>
    internal virtual Device? Home => null;

    /// <summary>Makes the engine for a <see cref="Device.Foreign"/> home.</summary>
    internal virtual KMeansEngine CreateEngine() => throw new NotSupportedException();

    /// <summary>
    /// The address of row 0 on a GPU, where the rows lie there as contiguous float32 at a multiple of 16 bytes and all
    /// work that writes them is done; else 0. Holds until the source is disposed.
    /// </summary>
    /// <param name="gpu">The number of the GPU.</param>
    internal virtual ulong AddressOn(int gpu) => 0;

    /// <summary>Checks the rows and takes what training needs to know of them.</summary>
    internal virtual RowSummary Summarize(
        ReadOnlyMemory<float> weights, bool normalize, int threads, CancellationToken cancellationToken) =>
        RowStatistics.Of(this, weights, normalize, threads, cancellationToken);

    /// <summary>Views memory as rows.</summary>
    /// <param name="values">The rows one after another.</param>
    /// <param name="dimension">The number of values in a row.</param>
    /// <exception cref="ArgumentException">The length is no multiple of <paramref name="dimension"/>.</exception>
    public static VectorSource FromMemory(ReadOnlyMemory<float> values, int dimension) => new MemoryVectors(values, dimension);

    /// <summary>Views an array of N×D values.</summary>
    public static VectorSource FromArray(float[,] rows) => new ArrayVectors(rows);

    /// <summary>Views N arrays of D values each.</summary>
    /// <exception cref="ArgumentException">A row is null or of another length than the first, or there are no rows.</exception>
    public static VectorSource FromArray(float[][] rows) => JaggedVectors.Of(rows);

    /// <summary>Views N pieces of memory of D values each, as embedding generators return them.</summary>
    /// <exception cref="ArgumentException">A row is of another length than the first, or there are no rows.</exception>
    public static VectorSource FromRows(IReadOnlyList<ReadOnlyMemory<float>> rows) => new JaggedVectors(rows);

    /// <summary>Views an array of N×D values.</summary>
    public static implicit operator VectorSource(float[,] rows) => FromArray(rows);

    /// <summary>Views N arrays of D values each.</summary>
    public static implicit operator VectorSource(float[][] rows) => FromArray(rows);

    /// <summary>For <see cref="Read"/>: refuses rows that are not there.</summary>
    /// <param name="start">The first row.</param>
    /// <param name="destination">What is to take them.</param>
    /// <exception cref="ArgumentOutOfRangeException">The rows begin before the first or end after the last.</exception>
    /// <exception cref="ArgumentException">The destination holds no whole number of rows.</exception>
    protected void CheckRange(long start, ReadOnlySpan<float> destination)
    {
        if (destination.Length % Dimension != 0)
        {
            throw KMeansErrors.NotWholeRows(destination.Length, Dimension, nameof(destination));
        }

        if (start < 0 || start > Count - (destination.Length / Dimension))
        {
            throw KMeansErrors.RowsOutside(start, destination.Length / Dimension, Count);
        }
    }

    /// <summary>Releases what the source holds, such as an open file.</summary>
    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Releases what the source holds.</summary>
    /// <param name="disposing">True from <see cref="Dispose()"/>, false from a finaliser.</param>
    protected virtual void Dispose(bool disposing)
    {
    }
}
