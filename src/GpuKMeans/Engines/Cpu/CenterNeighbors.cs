using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace GpuKMeans.Engines.Cpu;

/// <summary>
/// For each centre the few others nearest to it, and how near a row must be for the rest to be farther: a row nearer to a
/// centre than half of what lies between that one and another is farther from the other. Elkan, "Using the triangle
/// inequality to accelerate k-means", 2003.
/// </summary>
internal sealed unsafe class CenterNeighbors(int centers) : IDisposable
{
    /// <summary>The neighbours that are known of a centre.</summary>
    public const int Most = 8;

    private readonly NativeBuffer<int> _neighbors = new(centers * (long)Most, clear: true);
    private readonly NativeBuffer<float> _reaches = new(centers * (long)(Most + 1), clear: true);
    private bool _some;

    /// <summary>Whether they are known of all centres.</summary>
    public bool All { get; private set; }

    /// <summary>The neighbours of a centre, nearest first.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int* Of(int center) => _neighbors.Pointer + (center * (long)Most);

    /// <summary>
    /// Squares of distances, <see cref="Most"/> and one: a row whose squared distance to the centre, in float32, is below the
    /// one of a number is farther from the neighbour of that number, and from all centres after it. Zeros where nothing is known.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public float* Reaches(int center) => _reaches.Pointer + (center * (long)(Most + 1));

    /// <summary>Forgets all: the centres moved.</summary>
    public void Forget()
    {
        if (_some)
        {
            new Span<float>(_reaches.Pointer, centers * (Most + 1)).Clear();
        }

        (_some, All) = (false, false);
    }

    /// <summary>Says that some are to be set.</summary>
    public void Begin() => _some = true;

    /// <summary>Says that all have been set.</summary>
    public void Complete() => All = true;

    /// <summary>Whether they are known of a centre, and it is of use.</summary>
    public bool Knows(int center) => Reaches(center)[Most] > 0;

    /// <summary>Sets the neighbours of some centres.</summary>
    /// <param name="some">The centres.</param>
    /// <param name="distances">Their squared distances to all: <c>distances[j·stride + i]</c> for the i-th of them.</param>
    /// <param name="stride">From one centre's distances to the next.</param>
    /// <param name="more">A factor that makes up for the roundings of a distance in float32.</param>
    /// <param name="slack">How much farther than two centres are their distance may be said to be, beside that.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Set(ReadOnlySpan<int> some, float* distances, int stride, float more, float slack)
    {
        const int Room = Most + 1;
        float* nearest = stackalloc float[CpuKernel.MaxTileRows * Room];
        int* numbers = stackalloc int[CpuKernel.MaxTileRows * Room];
        float* limits = stackalloc float[CpuKernel.MaxTileRows];
        new Span<float>(nearest, CpuKernel.MaxTileRows * Room).Fill(float.PositiveInfinity);
        new Span<float>(limits, CpuKernel.MaxTileRows).Fill(float.PositiveInfinity);
        for (int j = 0; j < centers; j++, distances += stride)
        {
            for (int first = 0; first < some.Length; first += 4)
            {
                int end = Math.Min(first + 4, some.Length);
                if (first + 4 <= stride && !Vector128.LessThanAny(Vector128.Load(distances + first), Vector128.Load(limits + first)))
                {
                    continue;
                }

                for (int i = first; i < end; i++)
                {
                    if (distances[i] < limits[i] && j != some[i])
                    {
                        limits[i] = Insert(nearest + (i * Room), numbers + (i * Room), distances[i], j);
                    }
                }
            }
        }

        for (int i = 0; i < some.Length; i++)
        {
            int* neighbors = Of(some[i]);
            float* reaches = Reaches(some[i]);

            // Where every other centre is a neighbour, any row that is not too large is farther from all after the last.
            var distancesOfOne = new ReadOnlySpan<float>(nearest + (i * Room), Room);
            int known = distancesOfOne.IndexOf(float.PositiveInfinity);
            float after = known == centers - 1 ? RowCheck.LargestSquaredNorm : 0;
            for (int n = 0; n < Room; n++)
            {
                if (n < Most)
                {
                    neighbors[n] = numbers[(i * Room) + n];
                }

                reaches[n] = (uint)n >= (uint)known ? after : Reach(distancesOfOne[n], more, slack);
            }
        }
    }

    public void Dispose()
    {
        _neighbors.Dispose();
        _reaches.Dispose();
    }

    // Keeps values ascending, and gives the last.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float Insert(float* values, int* numbers, float value, int number)
    {
        int at = Most;
        for (; at > 0 && values[at - 1] > value; at--)
        {
            values[at] = values[at - 1];
            numbers[at] = numbers[at - 1];
        }

        values[at] = value;
        numbers[at] = number;
        return values[Most];
    }

    // Half of the distance, as a square, less what rounding may do to it and to a row's own.
    private static float Reach(float squared, float more, float slack)
    {
        float half = 0.5f * ((MathF.Sqrt(squared) / more) - slack) / more * ErrorBound.Less;
        return half > 0 && float.IsFinite(half) ? MathF.Max((half * half * ErrorBound.Less) - ErrorBound.LeastNormal, 0) : 0;
    }
}
