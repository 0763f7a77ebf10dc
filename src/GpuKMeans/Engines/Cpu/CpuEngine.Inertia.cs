using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace GpuKMeans.Engines.Cpu;

/// <content>The inertia of the block at hand.</content>
internal sealed unsafe partial class CpuEngine
{
    /// <summary>The sum of weight × squared distance over the block: eight sums, for each row modulo 8, then theirs.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private double BlockInertia()
    {
        float* weights = _blockData!.Weights;
        Vector512<double> sums = Vector512<double>.Zero;
        int row = 0;
        for (; row <= _blockRows - 8; row += 8)
        {
            Vector512<double> distances = Lanes.Widen(Vector256.Load(_blockDistances + row));
            if (weights is not null)
            {
                for (int lane = 0; lane < 8; lane++)
                {
                    distances = distances.WithElement(lane, distances[lane] * weights[_blockOrder[_blockStart + row + lane]]);
                }
            }

            sums += distances;
        }

        double sum = Vector512.Sum(sums);
        for (; row < _blockRows; row++)
        {
            double distance = _blockDistances[row];
            sum += weights is null ? distance : distance * weights[_blockOrder[_blockStart + row]];
        }

        return double.IsFinite(sum) ? sum : throw BeyondFloat32();
    }

    /// <summary>What to throw when a squared distance of the block has left float32's range.</summary>
    private ArgumentException BeyondFloat32()
    {
        int row = 0;
        while (float.IsFinite(_blockDistances[row]))
        {
            row++;
        }

        return KMeansErrors.TooLarge(_blockOrder[_blockStart + row]);
    }
}
