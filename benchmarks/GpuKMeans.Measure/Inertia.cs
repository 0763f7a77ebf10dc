namespace GpuKMeans.Measure;

/// <summary>The sum of squared distances from direct differences in float64, computed apart from the library.</summary>
internal static class Inertia
{
    private const int Block = 4096;

    public static double Of(VectorSource rows, float[,] centers, int[] labels)
    {
        int dimension = rows.Dimension;
        var sums = new double[(rows.Count + Block - 1) / Block];
        Parallel.For(0, sums.Length, block =>
        {
            long start = (long)block * Block;
            var values = new float[Math.Min(Block, rows.Count - start) * dimension];
            rows.Read(start, values);
            double sum = 0;
            for (int i = 0; i < values.Length; i++)
            {
                double difference = values[i] - (double)centers[labels[start + (i / dimension)], i % dimension];
                sum += difference * difference;
            }

            sums[block] = sum;
        });
        return sums.Sum();
    }
}
