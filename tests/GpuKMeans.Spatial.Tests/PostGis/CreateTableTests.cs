using System.Diagnostics;
using GpuKMeans.Spatial.PostGis;
using Npgsql;

namespace GpuKMeans.Spatial.Tests.PostGis;

public sealed class CreateTableTests(PostGisServer server) : PostGisTest(server)
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_new_table_has_the_rows_with_typed_geometry_and_an_index(bool async)
    {
        await Export(Samples.Points(3, cluster: 7), "places", async: async);

        Assert.Equal(
            ["0|7|POINT(0 0)|4326", "1|7|POINT(1 0)|4326", "2|7|POINT(2 0)|4326"],
            await Rows("SELECT id, cluster_id, ST_AsText(geometry), ST_SRID(geometry) FROM places ORDER BY id"));
        Assert.Equal("POINT|4326|2", await Scalar(
            $"SELECT type, srid, coord_dimension FROM geometry_columns WHERE f_table_schema = '{Schema}' AND f_table_name = 'places'"));
        Assert.Equal("places_geometry_idx|gist", await Scalar(
            $"""
            SELECT c.relname, m.amname FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_am m ON m.oid = c.relam
            WHERE i.indrelid = 'places'::regclass
            """));
        Assert.Equal("True", await Scalar("SELECT count(*) > 0 FROM pg_stats WHERE tablename = 'places'"));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_table_that_exists_is_refused_and_stays_as_it_was(bool async)
    {
        await Export(Samples.Points(2), "places");

        var error = await Assert.ThrowsAsync<InvalidOperationException>(
            () => Export(Samples.Points(5), "places", async: async));

        Assert.Contains("\"places\" exists already", error.Message, StringComparison.Ordinal);
        Assert.Equal("2", await Scalar("SELECT count(*) FROM places"));
    }

    [Fact]
    public async Task A_table_created_by_another_session_meanwhile_is_refused()
    {
        await using var other = new NpgsqlConnection(Connection);
        await other.OpenAsync(Cancellation);
        await using NpgsqlTransaction transaction = await other.BeginTransactionAsync(Cancellation);
        await using var create = new NpgsqlCommand("CREATE TABLE places (a int)", other);
        await create.ExecuteNonQueryAsync(Cancellation);

        Task export = Export(Samples.Points(2), "places");
        await WaitForLock(export);
        await transaction.CommitAsync(Cancellation);

        var error = await Assert.ThrowsAsync<InvalidOperationException>(() => export);
        Assert.Contains("by another session", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_schema_asked_for_is_used_whatever_the_search_path()
    {
        string schema = Schema + "_Other \"s\"";
        await Execute($"CREATE SCHEMA {SqlIdentifier.Quote(schema)}");
        try
        {
            await Export(Samples.Points(2), "places", new PostGisOptions { Schema = schema });
            Assert.Equal("2", await Scalar($"SELECT count(*) FROM {SqlIdentifier.Quote(schema)}.places"));
            Assert.Empty(await Relations());
        }
        finally
        {
            await Execute($"DROP SCHEMA {SqlIdentifier.Quote(schema)} CASCADE");
        }
    }

    [Fact]
    public async Task A_schema_that_does_not_exist_is_named()
    {
        var error = await Assert.ThrowsAsync<InvalidOperationException>(
            () => Export(Samples.Points(1), "places", new PostGisOptions { Schema = "nowhere" }));
        Assert.StartsWith("The schema \"nowhere\" does not exist", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_search_path_without_a_schema_is_told()
    {
        var connection = new NpgsqlConnectionStringBuilder(Connection) { SearchPath = "nowhere" };
        var error = await Assert.ThrowsAsync<InvalidOperationException>(
            () => new PostGisExporter(connection.ConnectionString, "places").ExportAsync(Samples.Points(1), Cancellation));
        Assert.StartsWith("No schema of the connection's search path exists", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_table_of_the_catalogue_is_not_mistaken_for_ours()
    {
        await Export(Samples.Points(2), "pg_class", new PostGisOptions { IfExists = IfTableExists.Replace });
        Assert.Equal("2", await Scalar($"SELECT count(*) FROM {Schema}.pg_class"));
    }

    [Fact]
    public async Task No_index_is_made_when_none_is_wanted()
    {
        await Export(Samples.Points(2), "places", new PostGisOptions { CreateSpatialIndex = false });
        Assert.Equal("0", await Scalar("SELECT count(*) FROM pg_index WHERE indrelid = 'places'::regclass"));
    }

    [Fact]
    public async Task No_rows_make_an_empty_table()
    {
        await Export(Samples.Points(0), "places");
        Assert.Equal("0", await Scalar("SELECT count(*) FROM places"));
        Assert.Equal("GEOMETRY|4326", await Scalar(
            $"SELECT type, srid FROM geometry_columns WHERE f_table_schema = '{Schema}'"));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Fifty_thousand_rows_load_in_seconds(bool async)
    {
        ClusteredFeatures features = Samples.Points(50_000);
        var watch = Stopwatch.StartNew();
        await Export(features, "places", async: async);
        TestContext.Current.TestOutputHelper?.WriteLine(
            $"{features.Count / watch.Elapsed.TotalSeconds:F0} rows a second with index, async: {async}");

        Assert.Equal("50000|50000", await Scalar("SELECT count(*), count(DISTINCT id) FROM places"));
        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(30), $"It took {watch.Elapsed}.");
    }
}
