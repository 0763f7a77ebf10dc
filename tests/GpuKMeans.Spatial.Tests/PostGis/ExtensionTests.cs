using Npgsql;

namespace GpuKMeans.Spatial.Tests.PostGis;

/// <summary>Databases without PostGIS, or with it in a schema of its own.</summary>
public sealed class ExtensionTests(PostGisServer server) : PostGisTest(server)
{
    [Fact]
    public async Task A_database_without_PostGIS_is_refused_with_the_remedy()
    {
        await InNewDatabase(async connection =>
        {
            var error = await Assert.ThrowsAsync<InvalidOperationException>(
                () => new PostGisExporter(connection, "places").ExportAsync(Samples.Points(1), Cancellation));
            Assert.StartsWith("The database has no PostGIS: run CREATE EXTENSION postgis", error.Message, StringComparison.Ordinal);
        });
    }

    [Fact]
    public async Task The_extension_is_created_when_asked_for()
    {
        await InNewDatabase(async connection =>
        {
            var options = new PostGisOptions { CreateExtension = true, IfExists = IfTableExists.Append };
            var exporter = new PostGisExporter(connection, "places", options);
            await exporter.ExportAsync(Samples.Points(1), Cancellation);
            exporter.Export(Samples.Points(1), Cancellation);
            await using var source = NpgsqlDataSource.Create(connection);
            await using NpgsqlCommand count = source.CreateCommand("SELECT count(*) FROM places WHERE ST_SRID(geometry) = 4326");
            Assert.Equal(2L, await count.ExecuteScalarAsync(Cancellation));
        });
    }

    [Fact]
    public async Task A_load_that_fails_does_not_leave_the_extension_behind()
    {
        await InNewDatabase(async connection =>
        {
            var features = new ClusteredFeatures(
                FeatureColumn.Create("id", new[] { 1, 2 }), [0, 0], [Samples.Wkt("POINT (1 2)"), null], null,
                [FeatureColumn.Create("value", new Trap<int>(2, 1, () => throw new InvalidDataException()))]);
            await Assert.ThrowsAsync<InvalidDataException>(
                () => new PostGisExporter(connection, "places", new() { CreateExtension = true }).ExportAsync(features, Cancellation));
            await using var source = NpgsqlDataSource.Create(connection);
            await using NpgsqlCommand count = source.CreateCommand("SELECT count(*) FROM pg_extension WHERE extname = 'postgis'");
            Assert.Equal(0L, await count.ExecuteScalarAsync(Cancellation));
        });
    }

    [Fact]
    public async Task PostGIS_need_not_be_on_the_search_path()
    {
        await InNewDatabase(async connection =>
        {
            await PostGisServer.Execute(connection, "CREATE SCHEMA \"My Extensions\"; CREATE EXTENSION postgis SCHEMA \"My Extensions\"");
            foreach (IfTableExists ifExists in Enum.GetValues<IfTableExists>())
            {
                var options = new PostGisOptions { IfExists = ifExists };
                await new PostGisExporter(connection, "places", options).ExportAsync(Samples.Points(2), Cancellation);
            }

            await using var source = NpgsqlDataSource.Create(connection);
            await using NpgsqlCommand count = source.CreateCommand(
                "SELECT count(*) FROM places WHERE \"My Extensions\".ST_SRID(geometry) = 4326");
            Assert.Equal(4L, await count.ExecuteScalarAsync(Cancellation));
        });
    }

    private async Task InNewDatabase(Func<string, Task> test)
    {
        string database = $"gpukmeans_bare_{Guid.NewGuid():N}";
        string connection = await Server.CreateDatabase(database);
        try
        {
            await test(connection);
        }
        finally
        {
            await Server.DropDatabase(database);
        }
    }
}
