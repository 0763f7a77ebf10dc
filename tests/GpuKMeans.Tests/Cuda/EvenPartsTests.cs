using GpuKMeans.Engines.Cuda;

namespace GpuKMeans.Tests.Cuda;

public class EvenPartsTests
{
    private const int Multiple = 1024;

    [Theory]
    [InlineData(1_048_576, 785_408, 132 * 128)]
    [InlineData(1_000_000_007, 1 << 22, 132 * 128)]
    [InlineData(100_000_000, 1 << 22, 132 * 6 * 128)]
    [InlineData(5_000_000, 1 << 20, 108 * 128)]
    [InlineData(3_000_001, 1 << 20, 37 * 192)]
    public void Many_rows_come_in_parts_of_whole_waves(long count, long most, long wave)
    {
        long rows = CudaEngine.EvenParts(count, most, wave);
        Assert.Equal(0, rows % wave);
        Assert.Equal(0, rows % Multiple);
        Assert.InRange(rows, 1, most);

        // No more than there must be, but for what rounding down to waves leaves over.
        long parts = (count + rows - 1) / rows;
        Assert.InRange(parts, (count + most - 1) / most, ((count + most - 1) / most) + (count / most / 8) + 1);
    }

    [Theory]
    [InlineData(0, 4096, 1000)]
    [InlineData(1, 4096, 1000)]
    [InlineData(1_048_576, 1 << 22, 132 * 128)]
    [InlineData(1_048_576, 65_536, 132 * 128)]
    [InlineData(9_000_000, 1 << 22, 256L * int.MaxValue)]
    public void Else_parts_are_about_the_same(long count, long most, long wave)
    {
        long rows = CudaEngine.EvenParts(count, most, wave), parts = Math.Max((count + most - 1) / most, 1);
        Assert.Equal(0, rows % Multiple);
        Assert.InRange((rows * parts) - count, 0, parts * Multiple);
    }
}
