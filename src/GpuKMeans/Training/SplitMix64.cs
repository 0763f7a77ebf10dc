namespace GpuKMeans;

/// <summary>The generator of all that is random: the same numbers from the same seed on every machine and version.</summary>
/// <remarks>Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014.</remarks>
internal struct SplitMix64(ulong seed)
{
    private ulong _state = seed;

    public ulong Next()
    {
        ulong z = _state += 0x9E3779B97F4A7C15;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }

    /// <summary>A number of at least 0 and below 1.</summary>
    public double NextDouble() => (Next() >> 11) * (1.0 / (1UL << 53));

    /// <summary>A number of at least 0 and below a bound.</summary>
    public long NextInt64(long bound) => (long)Math.BigMul(Next(), (ulong)bound, out _);
}
