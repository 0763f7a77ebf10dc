namespace GpuKMeans.Engines.Cpu;

/// <summary>Scales rows to unit length, for <see cref="Metric.Cosine"/>.</summary>
internal static class UnitLength
{
    /// <summary>How far from 1 the squared length of a row may be that was scaled before: rounding each value to float32 moves it by no more than 2⁻²³.</summary>
    public const double AlreadyUnit = 1.0 / (1 << 22);

    /// <summary>Scales a row in place.</summary>
    /// <param name="row">The values.</param>
    /// <param name="number">The row's number, for messages.</param>
    /// <exception cref="ArgumentException">The row is all zeros, or holds a value that is not finite.</exception>
    public static void Scale(Span<float> row, long number)
    {
        double squares = 0;
        foreach (float value in row)
        {
            squares += (double)value * value;
        }

        if (squares == 0)
        {
            throw KMeansErrors.ZeroRow(number);
        }

        if (!double.IsFinite(squares))
        {
            RowCheck.ThrowNotFinite(row, number);
        }

        // A row that was scaled before stays as it is, to the bit.
        if (Math.Abs(squares - 1) < AlreadyUnit)
        {
            return;
        }

        double norm = Math.Sqrt(squares);
        for (int i = 0; i < row.Length; i++)
        {
            row[i] = (float)(row[i] / norm);
        }
    }
}
