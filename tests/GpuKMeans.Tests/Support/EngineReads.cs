using GpuKMeans.Engines;

namespace GpuKMeans.Tests;

/// <summary>What tests read from engines, as arrays.</summary>
internal static class EngineReads
{
    public static float[] Centers(this KMeansEngine engine, int clusters, int dimension)
    {
        float[] centers = new float[clusters * dimension];
        engine.GetCenters(centers);
        return centers;
    }

    public static double[] Counts(this KMeansEngine engine, int clusters)
    {
        double[] counts = new double[clusters];
        engine.GetCounts(counts);
        return counts;
    }

    public static long Find(this Seeding seeding, double share)
    {
        long[] row = new long[1];
        seeding.Find([share], row, new float[1]);
        return row[0];
    }
}
