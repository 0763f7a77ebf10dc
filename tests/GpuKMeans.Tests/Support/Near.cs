namespace GpuKMeans.Tests;

/// <summary>Assertions about numbers that may differ by roundings.</summary>
internal static class Near
{
    private const double Rounding = 1.0 / (1 << 24);

    /// <summary>The most that a sum of D squared differences in float32 can be off, as a share of it, in any order.</summary>
    public static double DistanceError(int dimension) => (dimension + 8) * Rounding;

    public static void Equal(double expected, double actual, double share, string what, double absolute = 0)
    {
        double allowed = (share * Math.Abs(expected)) + absolute;
        if (!(Math.Abs(expected - actual) <= allowed))
        {
            Assert.Fail($"{what}: expected {expected:R} ± {allowed:E1}, got {actual:R}");
        }
    }

    public static void Equal(IReadOnlyList<float> expected, IReadOnlyList<float> actual, double share, string what)
    {
        Assert.Equal(expected.Count, actual.Count);
        double largest = expected.Max(Math.Abs);
        for (int i = 0; i < expected.Count; i++)
        {
            if (!(Math.Abs(expected[i] - actual[i]) <= share * largest))
            {
                Equal(expected[i], actual[i], 0, $"{what}[{i}]", share * largest);
            }
        }
    }

    /// <summary>Each value to a share of itself.</summary>
    public static void Each(double[] expected, float[] actual, double share, string what, double absolute)
    {
        Assert.Equal(expected.Length, actual.Length);
        for (int i = 0; i < expected.Length; i++)
        {
            if (!(Math.Abs(expected[i] - actual[i]) <= (share * expected[i]) + absolute))
            {
                Equal(expected[i], actual[i], share, $"{what}[{i}]", absolute);
            }
        }
    }

    public static void SameLabels(int[] expected, int[] actual, string what)
    {
        Assert.Equal(expected.Length, actual.Length);
        int row = expected.AsSpan().CommonPrefixLength(actual);
        if (row < expected.Length)
        {
            Assert.Fail($"{what}: row {row} belongs to {expected[row]}, not {actual[row]}");
        }
    }

    /// <summary>Equal to the bit, −0 and NaN included.</summary>
    public static void SameBits(float[] expected, float[] actual) => Assert.Equal(
        Array.ConvertAll(expected, BitConverter.SingleToInt32Bits), Array.ConvertAll(actual, BitConverter.SingleToInt32Bits));

    public static void SameBits(double[] expected, double[] actual) => Assert.Equal(
        Array.ConvertAll(expected, BitConverter.DoubleToInt64Bits), Array.ConvertAll(actual, BitConverter.DoubleToInt64Bits));

    public static void SameBits(float[,] expected, float[,] actual) =>
        SameBits([.. expected.Cast<float>()], [.. actual.Cast<float>()]);
}
