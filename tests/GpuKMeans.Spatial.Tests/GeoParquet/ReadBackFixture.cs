using System.Text.Json;

namespace GpuKMeans.Spatial.Tests.GeoParquet;

/// <summary>Writes the files of <see cref="ReadBackCases"/> and has the independent readers read them, once for all tests.</summary>
public sealed class ReadBackFixture : IAsyncLifetime
{
    private readonly TemporaryFolder _folder = new();
    private JsonElement _answers;
    private string? _unavailable;

    public async ValueTask InitializeAsync()
    {
        var requests = new List<ReadRequest>();
        foreach ((string name, ReadBackCase @case) in ReadBackCases.All)
        {
            string path = _folder.File(name + ".parquet");
            new GeoParquetExporter(path, @case.Options).Export(@case.Features);
            requests.Add(new ReadRequest(name, path, @case.Sql ?? new Dictionary<string, string>()));
        }

        (_answers, _unavailable) = await IndependentReaders.ReadAsync(requests);
    }

    public ValueTask DisposeAsync()
    {
        _folder.Dispose();
        return ValueTask.CompletedTask;
    }

    /// <summary>What the readers found in a file; skips the test where they cannot run.</summary>
    internal JsonElement Read(string name)
    {
        if (_unavailable is not null)
        {
            Assert.SkipUnless(Environment.GetEnvironmentVariable("GPUKMEANS_REQUIRE_NODE") == "1", _unavailable);
            Assert.Fail(_unavailable);
        }

        return _answers.GetProperty(name);
    }
}

/// <summary>The tests that share the fixture: those that read back what was written.</summary>
[CollectionDefinition(Name)]
public sealed class ReadBackGroup : ICollectionFixture<ReadBackFixture>
{
    public const string Name = "GeoParquet read back";
}
