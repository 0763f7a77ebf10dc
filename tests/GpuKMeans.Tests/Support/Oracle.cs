namespace GpuKMeans.Tests;

/// <summary>K-means in the plainest float64 code there is: what every engine is held against.</summary>
internal static class Oracle
{
    /// <summary>Σ (x − c)², one column after the other.</summary>
    public static double SquaredDistance(ReadOnlySpan<float> x, ReadOnlySpan<float> c)
    {
        double sum = 0;
        for (int d = 0; d < x.Length; d++)
        {
            double difference = (double)x[d] - c[d];
            sum += difference * difference;
        }

        return sum;
    }

    /// <summary>The lowest-numbered nearest centre of each row, and the squared distance to it.</summary>
    public static (int[] Labels, double[] Squares) Nearest(ReadOnlySpan<float> rows, ReadOnlySpan<float> centers, int dimension)
    {
        int[] labels = new int[rows.Length / dimension];
        double[] squares = new double[labels.Length];
        for (int i = 0; i < labels.Length; i++)
        {
            squares[i] = double.PositiveInfinity;
            for (int j = 0; j < centers.Length / dimension; j++)
            {
                double square = SquaredDistance(Row(rows, i, dimension), Row(centers, j, dimension));
                if (square < squares[i])
                {
                    (labels[i], squares[i]) = (j, square);
                }
            }
        }

        return (labels, squares);
    }

    /// <summary>Σ weight × squared distance to the nearest centre.</summary>
    public static double Inertia(ReadOnlySpan<float> rows, ReadOnlySpan<float> centers, int dimension, float[]? weights = null)
    {
        (_, double[] squares) = Nearest(rows, centers, dimension);
        return squares.Select((square, i) => Weight(weights, i) * square).Sum();
    }

    /// <summary>Rows scaled to unit length, as <see cref="Metric.Cosine"/> sees them.</summary>
    public static float[] Normalized(ReadOnlySpan<float> rows, int dimension)
    {
        float[] result = rows.ToArray();
        for (int i = 0; i < rows.Length / dimension; i++)
        {
            Span<float> row = result.AsSpan(i * dimension, dimension);
            double norm = Math.Sqrt(SquaredDistance(row, new float[dimension]));
            foreach (ref float value in row)
            {
                value = (float)(value / norm);
            }
        }

        return result;
    }

    /// <summary>Σ weight × squared distance to the nearest of some rows: what k-means++ drives down.</summary>
    public static double Potential(ReadOnlySpan<float> rows, ReadOnlySpan<long> chosen, int dimension, float[]? weights = null)
    {
        float[] centers = new float[chosen.Length * dimension];
        for (int j = 0; j < chosen.Length; j++)
        {
            Row(rows, chosen[j], dimension).CopyTo(centers.AsSpan(j * dimension));
        }

        return Inertia(rows, centers, dimension, weights);
    }

    public static float[] Mean(ReadOnlySpan<float> rows, int dimension)
    {
        int count = rows.Length / dimension;
        double[] sums = new double[dimension];
        for (int i = 0; i < rows.Length; i++)
        {
            sums[i % dimension] += rows[i];
        }

        return Array.ConvertAll(sums, sum => (float)(sum / count));
    }

    public static ReadOnlySpan<float> Row(ReadOnlySpan<float> rows, long row, int dimension) =>
        rows.Slice((int)(row * dimension), dimension);

    public static double Weight(float[]? weights, long row) => weights is null ? 1 : weights[row];
}
