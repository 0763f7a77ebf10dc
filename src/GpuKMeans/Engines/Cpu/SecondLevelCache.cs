using System.Runtime.Intrinsics.X86;

namespace GpuKMeans.Engines.Cpu;

/// <summary>The second-level cache of a core.</summary>
internal static class SecondLevelCache
{
    /// <summary>Its size, where the processor says it, else what most have.</summary>
    public static int Bytes { get; } = Read() is var bytes && bytes > 0 ? bytes : 512 << 10;

    private static int Read()
    {
        // The extended leaf that processors of Intel and AMD share; the size is in KB.
        const int highest = unchecked((int)0x80000000), caches = unchecked((int)0x80000006);
        return X86Base.IsSupported && (uint)X86Base.CpuId(highest, 0).Eax >= unchecked((uint)caches)
            ? (X86Base.CpuId(caches, 0).Ecx >>> 16) << 10
            : 0;
    }
}
