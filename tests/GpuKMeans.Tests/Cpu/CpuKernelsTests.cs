using GpuKMeans.Engines.Cpu;

namespace GpuKMeans.Tests.Cpu;

/// <summary>Which kernel is chosen.</summary>
public sealed class CpuKernelsTests
{
    [Fact]
    public void Any_available_kernel_can_be_named_and_the_best_needs_no_name()
    {
        Assert.All(CpuKernels.Available, kernel => Assert.Same(kernel, CpuKernels.Choose(kernel.Name)));
        Assert.Same(CpuKernels.Available[0], CpuKernels.Choose(null));
        Assert.Same(CpuKernels.Available[0], CpuKernels.Choose(""));
        Assert.Equal("portable", CpuKernels.Available[^1].Name);
    }

    [Fact]
    public void A_kernel_this_machine_lacks_is_refused_with_those_it_has()
    {
        InvalidOperationException error = Assert.Throws<InvalidOperationException>(() => CpuKernels.Choose("avx1024"));
        Assert.Contains("GPUKMEANS_CPU_KERNEL is \"avx1024\"", error.Message);
        Assert.Contains(string.Join(", ", CpuKernels.Available.Select(kernel => kernel.Name)), error.Message);
    }
}
