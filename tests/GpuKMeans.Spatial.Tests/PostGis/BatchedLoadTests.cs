using GpuKMeans.Spatial.Tests.Batches;
using NetTopologySuite.Geometries;
using Npgsql;

namespace GpuKMeans.Spatial.Tests.PostGis;

/// <summary>A table loaded by batches is the table loaded at once; whatever fails, the database is as it was.</summary>
public sealed class BatchedLoadTests(PostGisServer server) : PostGisTest(server)
{
    private const string Everything = "SELECT t::text FROM (SELECT *, ST_AsEWKT(geometry) AS wkt FROM places) AS t ORDER BY id";

    private const string GeometryType = """
        SELECT format_type(atttypid, atttypmod) FROM pg_attribute
        WHERE attrelid = 'places'::regclass AND attname = 'geometry'
        """;

    public static TheoryData<string, string[]> Mixtures { get; } = new()
    {
        { "geometry(Point,4326)", ["POINT (1 2)", "POINT (3 4)", "POINT (5 6)"] },
        { "geometry(Geometry,4326)", ["POINT (1 2)", "POINT (3 4)", "LINESTRING (0 0, 1 1)", "POINT (7 8)"] },
        { "geometry(PointZ,4326)", ["POINT (1 2)", "POINT Z (3 4 5)", "POINT (5 6)"] },
        { "geometry(GeometryZ,4326)", ["", "POINT (1 2)", "LINESTRING (0 0, 1 1)", "POINT Z (3 4 5)", ""] },
        { "geometry(Polygon,4326)", ["", "", "POLYGON ((0 0, 1 0, 1 1, 0 0))"] },
        { "geometry(Geometry,4326)", ["", ""] },
    };

    [Theory, MemberData(nameof(Mixtures))]
    public async Task Rows_and_types_are_those_of_a_load_at_once(string type, string[] geometries)
    {
        ClusteredFeatures features = Samples.Geometries(
            Samples.Wgs84, [.. geometries.Select(text => text.Length == 0 ? null : Samples.Wkt(text))]);
        await Export(features, "places");
        string[] rows = await Rows(Everything);
        Assert.Equal(type, await Scalar(GeometryType));
        await ExportBatches(Batch.Cut(features, 1), IfTableExists.Replace);
        Assert.Equal(rows, await Rows(Everything));
        Assert.Equal(type, await Scalar(GeometryType));
        Assert.Equal("places_geometry_idx", await Scalar("SELECT indexrelid::regclass::text FROM pg_index WHERE indrelid = 'places'::regclass"));
    }

    [Fact]
    public async Task An_srid_that_geometries_bring_along_is_taken_whenever_it_comes()
    {
        Point none = new(1, 2), some = new(3, 4) { SRID = 31983 };
        await ExportBatches(Batch.Then(null, Samples.Geometries(null, none), Samples.Geometries(null, some)), IfTableExists.Fail);
        Assert.Equal("geometry(Point,31983)", await Scalar(GeometryType));
        Assert.Equal(["31983", "31983"], await Rows("SELECT ST_SRID(geometry) FROM places"));
    }

    [Fact]
    public async Task Many_batches_go_into_a_table_that_is_there()
    {
        await Export(Samples.Points(3), "places");
        await ExportBatches(Batch.Cut(Samples.Points(10_000, first: 3), 999, 1), IfTableExists.Append);
        Assert.Equal(["10003|50025003"], await Rows("SELECT count(*), sum(id) FROM places"));
    }

    [Fact]
    public async Task A_batch_that_the_table_does_not_take_ends_an_append_without_a_trace()
    {
        await Export(Samples.Points(3), "places");
        ClusteredFeatures line = Samples.Geometries(Samples.Wgs84, Samples.Wkt("LINESTRING (0 0, 1 1)"));
        var e = await Assert.ThrowsAsync<InvalidOperationException>(
            () => ExportBatches(Batch.Then(null, Samples.Points(500), line), IfTableExists.Append));
        Assert.Contains("geometry", e.Message, StringComparison.Ordinal);
        Assert.Equal("3", await Scalar("SELECT count(*) FROM places"));
    }

    [Theory, InlineData(IfTableExists.Fail), InlineData(IfTableExists.Replace), InlineData(IfTableExists.Append)]
    public async Task Batches_that_end_in_an_error_leave_no_trace(IfTableExists ifExists)
    {
        var lost = new InvalidDataException("the source has gone");
        Assert.Same(lost, await NoTrace<InvalidDataException>(ifExists, () => Batch.Then(lost, Samples.Points(5000), Samples.Points(5000))));
    }

    [Theory, InlineData(IfTableExists.Fail), InlineData(IfTableExists.Replace), InlineData(IfTableExists.Append)]
    public async Task The_end_of_the_session_between_batches_leaves_no_trace(IfTableExists ifExists)
    {
        await NoTrace<NpgsqlException>(ifExists, Terminating);

        async IAsyncEnumerable<ClusteredFeatures> Terminating()
        {
            // Some are made ahead: by the third, the first is on its way.
            for (int i = 0; i < 50; i++)
            {
                yield return Samples.Points(5000);
                if (i == 5)
                {
                    await PostGisServer.Execute(
                        Server.ConnectionString,
                        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'COPY %' AND pid <> pg_backend_pid()");
                }
            }
        }
    }

    [Fact]
    public async Task A_later_batch_of_another_form_is_refused_by_its_first_row()
    {
        ClusteredFeatures utc = Samples.Columns(FeatureColumn.Create("at", new[] { DateTime.UnixEpoch }));
        ClusteredFeatures local = Samples.Columns(FeatureColumn.Create("at", new[] { new DateTime(2026, 1, 1) }));
        ClusteredFeatures other = Samples.Columns(FeatureColumn.Create("at", new[] { 1 }));
        var e = await Assert.ThrowsAsync<ArgumentException>(() => ExportBatches(Batch.Then(null, utc, utc, local), IfTableExists.Fail));
        Assert.StartsWith("The batch that begins with row 2 differs from the first one: column \"at\" is timestamp", e.Message, StringComparison.Ordinal);
        e = await Assert.ThrowsAsync<ArgumentException>(() => ExportBatches(Batch.Then(null, utc, other), IfTableExists.Fail));
        Assert.Contains("its further column 0 is \"at\", Int32", e.Message, StringComparison.Ordinal);
        Assert.Empty(await Relations());
    }

    private Task ExportBatches(IAsyncEnumerable<ClusteredFeatures> batches, IfTableExists ifExists) =>
        new PostGisExporter(Connection, "places", new PostGisOptions { IfExists = ifExists }).ExportAsync(batches, Cancellation);

    private async Task<TError> NoTrace<TError>(IfTableExists ifExists, Func<IAsyncEnumerable<ClusteredFeatures>> batches)
        where TError : Exception
    {
        if (ifExists != IfTableExists.Fail)
        {
            await Export(Samples.Points(3), "places");
        }

        string[] before = await Relations();
        TError error = await Assert.ThrowsAnyAsync<TError>(() => ExportBatches(batches(), ifExists));
        Assert.Equal(before, await Relations());
        if (before.Length > 0)
        {
            Assert.Equal("3", await Scalar("SELECT count(*) FROM places"));
        }

        return error;
    }
}
