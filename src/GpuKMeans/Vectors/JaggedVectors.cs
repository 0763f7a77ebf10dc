namespace GpuKMeans;

/// <summary>Rows that are arrays of their own.</summary>
internal sealed class JaggedVectors : VectorSource
{
    private readonly float[][] _rows;

    public JaggedVectors(float[][] rows)
        : base(Checked(rows).Length, rows[0].Length) => _rows = rows;

    public override void Read(long start, Span<float> destination)
    {
        CheckRange(start, destination);
        for (long row = start; !destination.IsEmpty; row++)
        {
            _rows[row].CopyTo(destination);
            destination = destination[Dimension..];
        }
    }

    private static float[][] Checked(float[][] rows)
    {
        ArgumentNullException.ThrowIfNull(rows);
        if (rows.Length == 0 || rows[0] is null || rows[0].Length == 0)
        {
            throw KMeansErrors.NoColumns();
        }

        for (int i = 0; i < rows.Length; i++)
        {
            if (rows[i] is null || rows[i].Length != rows[0].Length)
            {
                throw KMeansErrors.RaggedRow(i, rows[i]?.Length, rows[0].Length);
            }
        }

        return rows;
    }
}
