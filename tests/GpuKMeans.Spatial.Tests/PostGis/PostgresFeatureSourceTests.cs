using NetTopologySuite.Geometries;
using Npgsql;

namespace GpuKMeans.Spatial.Tests.PostGis;

/// <summary>Rows of a query as a source.</summary>
public sealed class PostgresFeatureSourceTests(PostGisServer server) : PostGisTest(server)
{
    private const int RowCount = 1000;

    [Theory, InlineData("real[]"), InlineData("double precision[]")]
    public async Task All_of_a_row_comes_through(string vectorType)
    {
        await MakePlaces(vectorType);
        await using PostgresFeatureSource source = await Open("SELECT * FROM places ORDER BY id");
        Assert.Equal(3, source.Dimension);
        Assert.True(source.CanRepeat);
        Assert.Equal("EPSG:31983", $"{source.Crs!.Authority}:{source.Crs.Code}");

        List<FeatureBatch> batches = await Read(source);
        Assert.Equal([300, 300, 300, 100], batches.Select(batch => batch.Count));
        int row = 0;
        foreach (FeatureBatch batch in batches)
        {
            for (int i = 0; i < batch.Count; i++, row++)
            {
                Assert.Equal((long)row, batch.Ids[i]);
                Assert.Equal([row, row / 2f, -row], batch.Vectors.Span.Slice(i * 3, 3).ToArray());
                Assert.Equal(row % 10 == 0 ? null : new Point(row, 2 * row), batch.Geometries![i]);
                Assert.Equal(["name", "score", "at", "good"], batch.Columns.Select(column => column.Name));
                Assert.Equal(row % 7 == 0 ? null : $"place {row}", batch.Columns[0][i]);
                Assert.Equal(row / 4.0, batch.Columns[1][i]);
                Assert.Equal(DateTimeOffset.UnixEpoch.AddHours(row), batch.Columns[2][i]);
                Assert.Equal(row % 2 == 0, batch.Columns[3][i]);
            }
        }

        Assert.Equal(RowCount, row);
    }

    [Fact]
    public async Task Each_reading_gives_the_same_rows_whatever_is_written_meanwhile()
    {
        await MakePlaces("real[]");
        await using PostgresFeatureSource source = await Open("SELECT id, embedding FROM places");
        await Execute("DELETE FROM places WHERE id < 500; INSERT INTO places (id, embedding) VALUES (5000, '{1, 2, 3}')");
        float[] first = await Vectors(source);
        Assert.Equal(RowCount * 3, first.Length);
        Assert.Equal(first, await Vectors(source));
        Assert.Equal(first, (await Read(source)).SelectMany(batch => batch.Vectors.ToArray()));
    }

    [Fact]
    public async Task A_reading_that_is_broken_off_does_not_spoil_the_next()
    {
        await MakePlaces("real[]");
        await using PostgresFeatureSource source = await Open("SELECT id, embedding FROM places ORDER BY id");
        for (int i = 0; i < 3; i++)
        {
            await foreach (ReadOnlyMemory<float> batch in source.Vectors.ReadAsync(Cancellation))
            {
                Assert.Equal(900, batch.Length);
                break;
            }
        }

        Assert.Equal(RowCount, (await Read(source)).Sum(batch => batch.Count));
    }

    [Theory]
    [InlineData("smallint", typeof(int))]
    [InlineData("integer", typeof(int))]
    [InlineData("bigint", typeof(long))]
    [InlineData("text", typeof(string))]
    [InlineData("varchar(10)", typeof(string))]
    public async Task Ids_are_of_the_type_they_have(string type, Type expected)
    {
        await using PostgresFeatureSource source = await Open($"SELECT '7'::{type} AS id, '{{1}}'::real[] AS embedding");
        FeatureBatch batch = Assert.Single(await Read(source));
        Assert.Equal(expected, batch.Ids.ElementType);
        Assert.Equal("7", $"{batch.Ids[0]}");
        Assert.Null(batch.Geometries);
        Assert.Null(source.Crs);
    }

    [Theory]
    [InlineData("SELECT 1 AS id, '{1}'::real[] AS vector", "no column \"embedding\" (EmbeddingColumn): its columns are id, vector")]
    [InlineData("SELECT 1.5 AS id, '{1}'::real[] AS embedding", "Column \"id\" of the query is of type numeric: ids must be")]
    [InlineData("SELECT 1 AS id, '{1}'::real[] AS embedding, '{}'::json AS other", "Column \"other\" of the query is of type json")]
    [InlineData("SELECT 1 AS id, '{1}'::real[] AS embedding LIMIT 0", "The query has no rows")]
    [InlineData(
        "SELECT 1 AS id, '{1}'::real[] AS embedding, ST_Point(1, 2) AS a, ST_Point(1, 2) AS b", "several columns of geometries, a, b")]
    public async Task A_query_that_is_no_use_is_refused_when_it_is_opened(string query, string message)
    {
        var e = await Assert.ThrowsAsync<InvalidOperationException>(() => Open(query));
        Assert.Contains(message, e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("UPDATE places SET embedding = '{1, 2}' WHERE id = 777", "The vector of row 777 of the query has 2 values and that of the first row has 3")]
    [InlineData("UPDATE places SET embedding = NULL WHERE id = 777", "The vector of row 777 of the query is null")]
    [InlineData("UPDATE places SET embedding = '{1, NULL, 3}' WHERE id = 777", "The vector of row 777 of the query holds a null")]
    [InlineData("UPDATE places SET embedding = '{{1, 2, 3}}' WHERE id = 777", "The vector of row 777 of the query is an array of arrays")]
    [InlineData("UPDATE places SET embedding = '{}' WHERE id = 777", "The vector of row 777 of the query has 0 values")]
    public async Task A_bad_row_far_in_is_named(string damage, string message)
    {
        await MakePlaces("real[]");
        await Execute(damage);
        await using PostgresFeatureSource source = await Open("SELECT id, embedding FROM places ORDER BY id");
        Assert.Contains(message, (await Assert.ThrowsAsync<InvalidDataException>(() => Read(source))).Message, StringComparison.Ordinal);
        using var kmeans = new MiniBatchKMeans(5);
        var e = await Assert.ThrowsAsync<InvalidDataException>(() => kmeans.FitAsync(source.Vectors, cancellationToken: Cancellation));
        Assert.Contains(message, e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Geometries_are_known_also_where_postgis_came_after_the_first_connection()
    {
        string name = $"late_{Schema}";
        string late = await Server.CreateDatabase(name);
        try
        {
            await PostGisServer.Execute(late, "CREATE EXTENSION postgis");
            await using (PostgresFeatureSource source = await PostgresFeatureSource.OpenAsync(
                late, "SELECT 1 AS id, '{1}'::real[] AS embedding, ST_Point(1, 2, 31983) AS place", cancellationToken: Cancellation))
            {
                Assert.Equal(new Point(1, 2), Assert.Single(Assert.Single(await Read(source)).Geometries!));
            }
        }
        finally
        {
            await Server.DropDatabase(name);
        }
    }

    [Fact]
    public async Task A_null_id_is_named()
    {
        await using PostgresFeatureSource source = await Open("SELECT NULLIF(i, 5) AS id, ARRAY[i]::real[] AS embedding FROM generate_series(0, 9) AS i");
        Assert.Contains("The id of row 5", (await Assert.ThrowsAsync<InvalidDataException>(() => Read(source))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_end_of_the_session_in_mid_reading_is_an_error_and_lets_go_of_all()
    {
        await MakePlaces("real[]");
        PostgresFeatureSource source = await Open("SELECT id, embedding FROM places ORDER BY id");
        int batches = 0;
        await Assert.ThrowsAnyAsync<NpgsqlException>(async () =>
        {
            await foreach (FeatureBatch batch in source.ReadAsync(Cancellation))
            {
                batches++;
                await PostGisServer.Execute(
                    Server.ConnectionString,
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'FETCH %' AND pid <> pg_backend_pid()");
            }
        });
        Assert.InRange(batches, 1, 2);
        await source.DisposeAsync();
        Assert.Equal("1000", await Scalar("SELECT count(*) FROM places"));
    }

    [Fact]
    public async Task From_a_table_through_clusters_into_a_table()
    {
        await MakePlaces("real[]");
        var tool = new KMeansClusteringTool(new KMeansOptions { ClusterCount = 6, Device = Device.Cpu, Seed = 3 });
        await using PostgresFeatureSource source = await Open("SELECT id, embedding, place, name FROM places ORDER BY id");
        await tool.ExportToPostGisAsync(tool.RunAsync(source, cancellationToken: Cancellation), "clusters", Connection, cancellationToken: Cancellation);

        // In memory, the same rows give the same clusters: they fit one block.
        float[,] rows = new float[RowCount, 3];
        for (int i = 0; i < RowCount; i++)
        {
            (rows[i, 0], rows[i, 1], rows[i, 2]) = (i, i / 2f, -i);
        }

        int[] labels = new MiniBatchKMeans(tool.Estimator.Options with { ComputeLabels = true }).FitPredict(rows);
        Assert.Equal(labels.Select((label, id) => $"{id}|{label}"), await Rows("SELECT id, cluster_id FROM clusters ORDER BY id"));
        Assert.Equal(["1000|900"], await Rows(
            "SELECT count(*), count(c.geometry) FROM clusters c JOIN places p USING (id) WHERE c.geometry IS NOT DISTINCT FROM p.place AND c.name IS NOT DISTINCT FROM p.name"));
    }

    private Task<PostgresFeatureSource> Open(string query) =>
        PostgresFeatureSource.OpenAsync(Connection, query, new PostgresFeatureOptions { BatchSize = 300 }, Cancellation);

    private Task MakePlaces(string vectorType) => Execute($"""
        CREATE TABLE places AS SELECT i::bigint AS id, ARRAY[i, i / 2.0, -i]::{vectorType} AS embedding,
            CASE WHEN i % 10 <> 0 THEN ST_SetSRID(ST_Point(i, 2 * i), 31983) END AS place,
            CASE WHEN i % 7 <> 0 THEN 'place ' || i END AS name, (i / 4.0)::double precision AS score,
            to_timestamp(i * 3600) AS at, i % 2 = 0 AS good
        FROM generate_series(0, {RowCount - 1}) AS i
        """);

    private static async Task<List<FeatureBatch>> Read(FeatureSource source)
    {
        var batches = new List<FeatureBatch>();
        await foreach (FeatureBatch batch in source.ReadAsync(Cancellation))
        {
            batches.Add(batch);
        }

        return batches;
    }

    private static async Task<float[]> Vectors(FeatureSource source)
    {
        var values = new List<float>();
        await foreach (ReadOnlyMemory<float> batch in source.Vectors.ReadAsync(Cancellation))
        {
            values.AddRange(batch.Span);
        }

        return [.. values];
    }
}
