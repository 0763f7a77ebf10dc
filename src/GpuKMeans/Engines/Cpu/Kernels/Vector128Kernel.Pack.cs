using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace GpuKMeans.Engines.Cpu;

internal sealed unsafe partial class Vector128Kernel
{
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void Pack(float** rows, int dimension, float* origin, float* tile, float* squares)
    {
        for (int group = 0; group < Rows; group += Lanes)
        {
            float** lines = rows + group;
            Vector128<float> sum = Vector128<float>.Zero;
            for (int d = 0; d < dimension; d++)
            {
                Vector128<float> column = Vector128.Create(lines[0][d], lines[1][d], lines[2][d], lines[3][d]);
                Vector128<float> x = column - Vector128.Create(origin[d]);
                x.Store(tile + ((long)d * Rows) + group);
                sum = Vector128.MultiplyAddEstimate(x, x, sum);
            }

            sum.Store(squares + group);
        }
    }
}
