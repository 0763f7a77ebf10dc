using System.Runtime.CompilerServices;

namespace GpuKMeans;

/// <summary>Batches that somebody else gives.</summary>
internal sealed class BatchStream : VectorStream
{
    private readonly IAsyncEnumerable<ReadOnlyMemory<float>> _batches;

    public BatchStream(IAsyncEnumerable<ReadOnlyMemory<float>> batches, int dimension, long? count, bool canRepeat)
        : base(dimension, count, canRepeat)
    {
        ArgumentNullException.ThrowIfNull(batches);
        _batches = batches;
    }

    public override async IAsyncEnumerable<ReadOnlyMemory<float>> ReadAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (ReadOnlyMemory<float> batch in _batches.WithCancellation(cancellationToken).ConfigureAwait(false))
        {
            yield return batch;
        }
    }

    /// <summary>What is there at once, as if it came later.</summary>
    public static IAsyncEnumerable<T> Later<T>(IEnumerable<T> items)
    {
        ArgumentNullException.ThrowIfNull(items, "batches");
        return Iterate();

        async IAsyncEnumerable<T> Iterate([EnumeratorCancellation] CancellationToken cancellationToken = default)
        {
            foreach (T item in items)
            {
                cancellationToken.ThrowIfCancellationRequested();
                yield return item;
            }

            await Task.CompletedTask.ConfigureAwait(false);
        }
    }

    /// <summary>Arrays as rows one after another.</summary>
    public static IAsyncEnumerable<ReadOnlyMemory<float>> Flat(IAsyncEnumerable<float[,]> batches, int dimension)
    {
        ArgumentNullException.ThrowIfNull(batches);
        return Iterate();

        async IAsyncEnumerable<ReadOnlyMemory<float>> Iterate([EnumeratorCancellation] CancellationToken cancellationToken = default)
        {
            float[] values = [];
            long row = 0;
            await foreach (float[,] batch in batches.WithCancellation(cancellationToken).ConfigureAwait(false))
            {
                if (batch.GetLength(1) != dimension)
                {
                    throw KMeansErrors.BatchColumns(row, batch.GetLength(1), dimension);
                }

                if (values.Length < batch.Length)
                {
                    values = new float[batch.Length];
                }

                KMeansModel.Flat(batch).CopyTo(values);
                yield return values.AsMemory(0, batch.Length);
                row += batch.GetLength(0);
            }
        }
    }
}
