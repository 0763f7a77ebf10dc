namespace GpuKMeans.Tests;

/// <summary>The generator of all that is random.</summary>
public sealed class SplitMix64Tests
{
    [Theory]
    [InlineData(0, new ulong[] { 0xE220A8397B1DCDAF, 0x6E789E6AA1B965F4, 0x06C45D188009454F, 0xF88BB8A8724C81EC })]
    [InlineData(1234567, new ulong[] { 6457827717110365317, 3203168211198807973, 9817491932198370423, 4593380528125082431 })]
    public void The_numbers_are_those_of_the_reference(ulong seed, ulong[] expected)
    {
        var random = new SplitMix64(seed);
        Assert.All(expected, number => Assert.Equal(number, random.Next()));
    }

    [Fact]
    public void Doubles_and_bounded_numbers_are_in_range_and_even()
    {
        var random = new SplitMix64(5);
        double[] doubles = [.. Enumerable.Range(0, 10_000).Select(_ => random.NextDouble())];
        Assert.All(doubles, value => Assert.InRange(value, 0, Math.BitDecrement(1.0)));
        Assert.InRange(doubles.Average(), 0.48, 0.52);
        var counts = Enumerable.Range(0, 10_000).Select(_ => random.NextInt64(10)).CountBy(value => value).ToArray();
        Assert.Equal(Enumerable.Range(0, 10).Select(i => (long)i), counts.Select(pair => pair.Key).Order());
        Assert.All(counts, pair => Assert.InRange(pair.Value, 850, 1150));
    }

    [Fact]
    public void Every_use_of_randomness_has_a_seed_of_its_own()
    {
        var seeds = from seed in (int[])[0, 1, -1]
                    from use in (ulong[])[Seeds.Sample, Seeds.Initialization, Seeds.Order, Seeds.Reassignment]
                    from number in (long[])[0, 1, 2, 1L << 40]
                    select Seeds.For(seed, use, number);
        Assert.Equal(48, seeds.Distinct().Count());
    }
}
