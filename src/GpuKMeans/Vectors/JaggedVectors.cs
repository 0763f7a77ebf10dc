namespace GpuKMeans;

/// <summary>Rows that are pieces of memory of their own.</summary>
internal sealed class JaggedVectors : VectorSource
{
    private readonly IReadOnlyList<ReadOnlyMemory<float>> _rows;

    public JaggedVectors(IReadOnlyList<ReadOnlyMemory<float>> rows)
        : base(Checked(rows).Count, rows[0].Length) => _rows = rows;

    /// <summary>Views arrays, none of which may be null.</summary>
    public static JaggedVectors Of(float[][] rows)
    {
        ArgumentNullException.ThrowIfNull(rows);
        int missing = Array.IndexOf(rows, null!);
        return missing < 0
            ? new JaggedVectors(Array.ConvertAll(rows, row => new ReadOnlyMemory<float>(row)))
            : throw KMeansErrors.RaggedRow(missing, null, rows[0]?.Length ?? 0);
    }

    public override void Read(long start, Span<float> destination)
    {
        CheckRange(start, destination);
        for (int row = (int)start; !destination.IsEmpty; row++)
        {
            _rows[row].Span.CopyTo(destination);
            destination = destination[Dimension..];
        }
    }

    private static IReadOnlyList<ReadOnlyMemory<float>> Checked(IReadOnlyList<ReadOnlyMemory<float>> rows)
    {
        ArgumentNullException.ThrowIfNull(rows);
        if (rows.Count == 0 || rows[0].IsEmpty)
        {
            throw KMeansErrors.NoColumns();
        }

        for (int i = 0; i < rows.Count; i++)
        {
            if (rows[i].Length != rows[0].Length)
            {
                throw KMeansErrors.RaggedRow(i, rows[i].Length, rows[0].Length);
            }
        }

        return rows;
    }
}
