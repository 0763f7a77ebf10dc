namespace GpuKMeans;

/// <summary>Gives each use of randomness a seed of its own, so that one use does not shift another.</summary>
internal static class Seeds
{
    public const ulong Sample = 1;
    public const ulong Initialization = 2;
    public const ulong Order = 3;
    public const ulong Reassignment = 4;

    public static ulong For(int seed, ulong use, long number)
    {
        var mix = new SplitMix64(((ulong)(uint)seed << 32) | use);
        return new SplitMix64(mix.Next() ^ (ulong)number).Next();
    }
}
