using GpuKMeans.Tests.Engines;

namespace GpuKMeans.Tests.Cpu;

/// <summary>The same bits on every kernel, from any number of threads.</summary>
public sealed class CpuSameBitsTests
{
    private static readonly Lazy<string[]> _plainest =
        new(() => [.. SameBitsTests.Sets.Select(set => SameBitsTests.Work(set, "portable ×1", set.Source))]);

    public static TheoryData<string> Names =>
        [.. TestEngines.Cpu, $"{TestEngines.Cpu[0].Split(' ')[0]} ×7", "portable ×7"];

    [Theory, MemberData(nameof(Names))]
    public void Every_cpu_kernel_gives_the_same_bits_from_any_number_of_threads(string name)
    {
        foreach ((TestSet set, string expected) in SameBitsTests.Sets.Zip(_plainest.Value))
        {
            Assert.Equal(expected, SameBitsTests.Work(set, name, set.Source));
        }
    }
}
