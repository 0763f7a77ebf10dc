using System.Runtime.CompilerServices;

namespace GpuKMeans.Tests.Streams;

/// <summary>Rows in batches of given sizes, with something done before a row comes.</summary>
internal sealed class TestStream(float[] rows, int dimension, int[] sizes, bool canRepeat = true, bool knowsCount = false)
    : VectorStream(dimension, knowsCount ? rows.Length / dimension : null, canRepeat)
{
    /// <summary>Called with the number of the reading, from 1, and of the first row of a batch.</summary>
    public Action<int, long> Before { get; init; } = (_, _) => { };

    /// <summary>The readings begun.</summary>
    public int Readings { get; private set; }

    /// <summary>The readings that have been let go of.</summary>
    public int Ended { get; private set; }

    public override async IAsyncEnumerable<ReadOnlyMemory<float>> ReadAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        int reading = ++Readings;
        try
        {
            float[] batch = [];
            for (int start = 0, i = 0; start < rows.Length / Dimension; i++)
            {
                int count = Math.Min(sizes[i % sizes.Length], (rows.Length / Dimension) - start);
                Before(reading, start);

                // The same memory again, as readers may do: whoever kept the batch before would see it.
                Array.Resize(ref batch, Math.Max(batch.Length, count * Dimension));
                rows.AsSpan(start * Dimension, count * Dimension).CopyTo(batch);
                yield return batch.AsMemory(0, count * Dimension);
                batch.AsSpan().Fill(float.NaN);
                start += count;
                await Task.Yield();
            }
        }
        finally
        {
            Ended++;
        }
    }
}
