namespace GpuKMeans.Spatial.Tests.GeoParquet;

[Collection(ReadBackTests.Name)]
public sealed class ReadBackValueTests(ReadBackFixture files)
{
    [Fact]
    public void Explore()
    {
        System.IO.File.WriteAllText("/tmp/gp-answers.json", System.Text.Json.JsonSerializer.Serialize(ReadBackCases.All.Keys.ToDictionary(k => k, k => files.Read(k))));
    }
}
