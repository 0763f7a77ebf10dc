using System.Diagnostics.CodeAnalysis;

namespace GpuKMeans;

/// <summary>
/// Rows of float32 vectors, all of one dimension, that come a batch at a time in one order: a query, a decoder, a network.
/// The input of <see cref="MiniBatchKMeans.FitAsync"/> and <see cref="KMeansModel.PredictAsync"/>, for data that fit in no
/// memory or cannot be read at any place, as a <see cref="VectorSource"/> can.
/// </summary>
/// <remarks>
/// To add a stream of your own, derive and implement <see cref="ReadAsync"/>, as an async iterator for example. It is read by
/// one reader at a time, ahead of the work, and never further than the memory allows that the reader was given.
/// </remarks>
[SuppressMessage("Naming", "CA1711", Justification = "The field's word for it; nobody takes it for a System.IO.Stream.")]
public abstract class VectorStream
{
    /// <summary>Sets what is known beforehand.</summary>
    /// <param name="dimension">The number of values in a row, 1 or more.</param>
    /// <param name="count">The number of rows, or null when it is not known.</param>
    /// <param name="canRepeat">Whether <see cref="ReadAsync"/> may be called again and gives the same rows.</param>
    /// <exception cref="ArgumentOutOfRangeException">A number is out of range.</exception>
    protected VectorStream(int dimension, long? count, bool canRepeat)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(dimension);
        ArgumentOutOfRangeException.ThrowIfNegative(count ?? 0, nameof(count));
        (Dimension, Count, CanRepeat) = (dimension, count, canRepeat);
    }

    /// <summary>The number of values in a row.</summary>
    public int Dimension { get; }

    /// <summary>The number of rows; null when it is not known.</summary>
    public long? Count { get; }

    /// <summary>Whether the rows can be read more than once, the same each time.</summary>
    public bool CanRepeat { get; }

    /// <summary>Reads the rows from the first to the last.</summary>
    /// <param name="cancellationToken">Stops reading.</param>
    /// <returns>
    /// Batches of whole rows, one after another: any number of rows each. A batch's memory is used only until the next is
    /// asked for, so that it may be filled again.
    /// </returns>
    public abstract IAsyncEnumerable<ReadOnlyMemory<float>> ReadAsync(CancellationToken cancellationToken);

    /// <summary>Reads a source from its first row to its last. It can be repeated, and stays the caller's.</summary>
    public static VectorStream From(VectorSource rows) => new SourceStream(rows);

    /// <summary>Takes batches of rows as they come.</summary>
    /// <param name="batches">Rows one after another, whole rows in each batch.</param>
    /// <param name="dimension">The number of values in a row.</param>
    /// <param name="count">The number of rows, where it is known: progress then tells the time left.</param>
    /// <param name="canRepeat">Whether the batches can be enumerated again, with the same rows.</param>
    public static VectorStream FromBatches(
        IAsyncEnumerable<ReadOnlyMemory<float>> batches, int dimension, long? count = null, bool canRepeat = false) =>
        new BatchStream(batches, dimension, count, canRepeat);

    /// <inheritdoc cref="FromBatches(IAsyncEnumerable{ReadOnlyMemory{float}}, int, long?, bool)"/>
    public static VectorStream FromBatches(
        IEnumerable<ReadOnlyMemory<float>> batches, int dimension, long? count = null, bool canRepeat = false) =>
        new BatchStream(BatchStream.Later(batches), dimension, count, canRepeat);

    /// <summary>Takes batches of n×D values as they come.</summary>
    /// <inheritdoc cref="FromBatches(IAsyncEnumerable{ReadOnlyMemory{float}}, int, long?, bool)" path="/param"/>
    public static VectorStream FromBatches(
        IAsyncEnumerable<float[,]> batches, int dimension, long? count = null, bool canRepeat = false) =>
        new BatchStream(BatchStream.Flat(batches, dimension), dimension, count, canRepeat);

    /// <inheritdoc cref="FromBatches(IAsyncEnumerable{float[,]}, int, long?, bool)"/>
    public static VectorStream FromBatches(
        IEnumerable<float[,]> batches, int dimension, long? count = null, bool canRepeat = false) =>
        new BatchStream(BatchStream.Flat(BatchStream.Later(batches), dimension), dimension, count, canRepeat);
}
