using GpuKMeans.Spatial.Parquet;

namespace GpuKMeans.Spatial.Tests.GeoParquet;

public sealed class NumberRangeTests
{
    [Fact]
    public void Zeros_of_either_sign_lie_between_minus_zero_and_zero()
    {
        foreach (ColumnStatistics range in new[] { Of(0.0), Of(-0.0), Of(0.0, -0.0) })
        {
            Assert.Equal(BitConverter.GetBytes(-0.0), range.Min);
            Assert.Equal(BitConverter.GetBytes(0.0), range.Max);
        }
    }

    [Fact]
    public void A_NaN_is_counted_and_leaves_no_range() =>
        Assert.Equal(new ColumnStatistics(NullCount: 0, NaNCount: 1), Of(1, double.NaN, 3));

    [Fact]
    public void Taking_the_range_starts_anew()
    {
        var range = default(NumberRange<int>);
        range.Add(-5);
        Assert.Equal(BitConverter.GetBytes(-5), range.Take().Min);
        range.Add(7);
        Assert.Equal(BitConverter.GetBytes(7), range.Take().Min);
    }

    private static ColumnStatistics Of(params double[] values)
    {
        var range = default(NumberRange<double>);
        foreach (double value in values)
        {
            range.Add(value);
        }

        return range.Take();
    }
}
