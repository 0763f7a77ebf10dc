namespace GpuKMeans.Docs.Tests.PublicApi;

/// <summary>
/// A change of the public surface is seen in review: it must be approved, by running these tests with
/// GPUKMEANS_APPROVE=1 and committing the file.
/// </summary>
public class PublicApiTests
{
    [Theory]
    [InlineData("GpuKMeans")]
    [InlineData("GpuKMeans.Spatial")]
    public void Public_surface_is_the_approved_one(string assembly) => ApiApproval.Check(assembly);
}
