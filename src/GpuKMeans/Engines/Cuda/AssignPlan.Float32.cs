using GpuKMeans.Engines.Cuda.Driver;

namespace GpuKMeans.Engines.Cuda;

/// <content>Float32 instead of half precision.</content>
internal sealed partial record AssignPlan
{
    /// <summary>Makes the plan in which nothing is rounded to half precision.</summary>
    /// <param name="dimension">The number of columns.</param>
    public static AssignPlan InFloat32(int dimension)
    {
        AssignKernel kernel = dimension switch
        {
            <= 2 => new(Kernel.AssignDirect2, 256, 256),
            3 => new(Kernel.AssignDirect3, 256, 256),
            4 => new(Kernel.AssignDirect4, 256, 256),
            <= 8 => new(Kernel.AssignDirect8, 256, 256),
            < 16 => new(Kernel.AssignDirect16, 256, 256),
            _ => new(Kernel.AssignFloat32, 128, 128),
        };
        return new AssignPlan(kernel, null, default);
    }
}
