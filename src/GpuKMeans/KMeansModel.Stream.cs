using System.Runtime.CompilerServices;

namespace GpuKMeans;

/// <content>Placing rows that come as a stream.</content>
public sealed partial class KMeansModel
{
    /// <summary>Finds the nearest centre of each row of a stream, while more are read.</summary>
    /// <param name="data">Rows of <see cref="Dimension"/> values.</param>
    /// <param name="options">How the stream is read; the defaults of <see cref="StreamOptions"/> when null.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    /// <returns>The labels, from 0, in the order of the rows, so many at a time as rows are held in memory.</returns>
    /// <exception cref="ArgumentException">The dimension differs, or a row is unfit; the message names it.</exception>
    public async IAsyncEnumerable<int[]> PredictAsync(
        VectorStream data, StreamOptions? options = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(data);
        if (data.Dimension != Dimension)
        {
            throw KMeansErrors.DimensionMismatch(data.Dimension, Dimension);
        }

        int blockRows = Math.Min(PartRows, (options ?? new StreamOptions()).BlockRows(Dimension, 1, 1));
        await foreach (RowBlock block in new RowBlocks(data, blockRows).Read(0, cancellationToken).ConfigureAwait(false))
        {
            int[] labels = new int[block.Rows.Count];
            Assign(block, labels, wantInertia: false, cancellationToken);
            yield return labels;
        }
    }

    /// <summary>Labels a block of a stream.</summary>
    /// <returns>The inertia; 0 where it is not wanted.</returns>
    internal double Assign(RowBlock block, Span<int> labels, bool wantInertia, CancellationToken cancellationToken)
    {
        try
        {
            return Assign(block.Rows, default, labels, wantInertia, null, cancellationToken);
        }
        catch (ArgumentException)
        {
            // It has counted rows from the block's first.
            RowStatistics.Refuse(block.Rows, block.FirstRow, _frame.Normalize);
            throw;
        }
    }
}
