using GpuKMeans.Docs.Tests.Readme;
using GpuKMeans.Spatial.Tests.PostGis;
using Npgsql;

namespace GpuKMeans.Docs.Tests;

/// <summary>The README's snippet and the sample's option for PostGIS, on the server of the exporter's tests.</summary>
public class PostGisDocsTests(PostGisServer server) : IClassFixture<PostGisServer>
{
    [Fact]
    public void Snippet_writes_a_table()
    {
        Assert.SkipWhen(server.Unavailable is not null, server.Unavailable ?? "");

        Execute("DROP TABLE IF EXISTS clusters");
        Snippets.ToPostGis(server.ConnectionString);

        Assert.Equal(2000L, Scalar("SELECT count(*) FROM clusters"));
    }

    [Fact]
    public async Task Snippet_goes_from_a_query_to_a_table()
    {
        Assert.SkipWhen(server.Unavailable is not null, server.Unavailable ?? "");

        Execute("""
            DROP TABLE IF EXISTS clusters, places;
            CREATE TABLE places AS SELECT i AS id, ARRAY[i, i % 7]::real[] AS embedding, ST_Point(i, 0, 4326) AS geometry, i::text AS name
            FROM generate_series(1, 1000) AS i
            """);
        await Snippets.QueryToTable(server.ConnectionString);

        Assert.Equal(1000L, Scalar("SELECT count(*) FROM clusters c JOIN places p USING (id, name, geometry) WHERE cluster_id BETWEEN 0 AND 59"));
    }

    [Fact]
    public void Place_names_writes_a_table() => EmptyFolder.Run(() =>
    {
        Assert.SkipWhen(server.Unavailable is not null, server.Unavailable ?? "");

        (int exitCode, string output) = Sample.Run("PlaceNames", "--clusters", "12", "--postgis", server.ConnectionString);

        Assert.True(exitCode == 0, output);
        Assert.Equal(135_233L, Scalar("SELECT count(*) FROM places WHERE ST_SRID(geometry) = 4326 AND cluster_id BETWEEN 0 AND 11"));
    });

    private void Execute(string sql) => Scalar(sql);

    private object? Scalar(string sql)
    {
        using var connection = new NpgsqlConnection(server.ConnectionString);
        connection.Open();
        using var command = new NpgsqlCommand(sql, connection);
        return command.ExecuteScalar();
    }
}
