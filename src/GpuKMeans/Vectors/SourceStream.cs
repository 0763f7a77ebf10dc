using System.Runtime.CompilerServices;

namespace GpuKMeans;

/// <summary>A source read from its first row to its last.</summary>
internal sealed class SourceStream : VectorStream
{
    private const int BatchValues = 1 << 18;

    private readonly VectorSource _rows;

    public SourceStream(VectorSource rows)
        : base(Given(rows).Dimension, rows.Count, canRepeat: true) => _rows = rows;

    public override async IAsyncEnumerable<ReadOnlyMemory<float>> ReadAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        int batch = Math.Max(1, BatchValues / Dimension);
        float[] values = new float[(int)Math.Min(batch, _rows.Count) * Dimension];
        for (long start = 0; start < _rows.Count; start += batch)
        {
            cancellationToken.ThrowIfCancellationRequested();
            Memory<float> part = values.AsMemory(0, (int)Math.Min(batch, _rows.Count - start) * Dimension);
            _rows.Read(start, part.Span);
            yield return part;
        }

        await Task.CompletedTask.ConfigureAwait(false);
    }

    private static VectorSource Given(VectorSource rows)
    {
        ArgumentNullException.ThrowIfNull(rows);
        return rows;
    }
}
