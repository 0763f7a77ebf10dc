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

        Snippets.ToPostGis(server.ConnectionString);

        Assert.Equal(2000L, Scalar("SELECT count(*) FROM clusters"));
    }

    [Fact]
    public void Place_names_writes_a_table() => EmptyFolder.Run(() =>
    {
        Assert.SkipWhen(server.Unavailable is not null, server.Unavailable ?? "");

        (int exitCode, string output) = Sample.Run("PlaceNames", "--clusters", "12", "--postgis", server.ConnectionString);

        Assert.True(exitCode == 0, output);
        Assert.Equal(135_233L, Scalar("SELECT count(*) FROM places WHERE ST_SRID(geometry) = 4326 AND cluster_id BETWEEN 0 AND 11"));
    });

    private object? Scalar(string sql)
    {
        using var connection = new NpgsqlConnection(server.ConnectionString);
        connection.Open();
        using var command = new NpgsqlCommand(sql, connection);
        return command.ExecuteScalar();
    }
}
