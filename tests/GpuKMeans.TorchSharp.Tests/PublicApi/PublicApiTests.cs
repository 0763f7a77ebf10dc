using GpuKMeans.Docs.Tests.PublicApi;

namespace GpuKMeans.Tests.PublicApi;

/// <summary>A change of the public surface is seen in review, as that of the other packages.</summary>
public sealed class PublicApiTests
{
    [Fact]
    public void Public_surface_is_the_approved_one() => ApiApproval.Check("GpuKMeans.TorchSharp");
}
