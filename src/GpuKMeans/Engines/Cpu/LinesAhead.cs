using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace GpuKMeans.Engines.Cpu;

/// <summary>
/// Memory that comes into the second-level cache while a loop works on other things, one line a turn: a core that asks for
/// many at once waits for them.
/// </summary>
/// <param name="values">Where it begins.</param>
/// <param name="count">How many values.</param>
/// <param name="turns">In how many turns they are to come, at least one; where that is more than a line a turn, some lines are left out.</param>
internal unsafe struct LinesAhead(float* values, long count, long turns)
{
    private readonly nint _step = (nint)((count + turns - 1) / turns);
    private float* _next = values;

    /// <summary>Takes a turn.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void BringOne()
    {
        if (Sse.IsSupported)
        {
            Sse.Prefetch1(_next);
            _next += _step;
        }
    }
}
