using GpuKMeans.Spatial.PostGis;

namespace GpuKMeans.Spatial.Tests.PostGis;

public sealed class NameTests(PostGisServer server) : PostGisTest(server)
{
    /// <summary>Names that would do harm or be altered if they were not quoted.</summary>
    public static TheoryData<string> Hostile { get; } =
    [
        "a\"b; DROP TABLE x; --", "Upper Case", " lead and trail ", "ünïcödé 地图 😀", "select", "a.b", "100%", "'quoted'", "$1", "\\",
        "new\nline", "{0}", "\"",
    ];

    [Theory]
    [MemberData(nameof(Hostile))]
    public async Task Hostile_names_are_names(string name)
    {
        await Execute("CREATE TABLE x (a int)");
        await Execute($"CREATE SCHEMA {SqlIdentifier.Quote(Schema + name)}");
        var features = new ClusteredFeatures(
            FeatureColumn.Create("id", new[] { 1 }), [2], [Samples.Wkt("POINT (1 2)")], Samples.Wgs84,
            [FeatureColumn.Create(name + "c", new[] { 5 })]);
        try
        {
            foreach (IfTableExists ifExists in Enum.GetValues<IfTableExists>())
            {
                await Export(features, name, new PostGisOptions
                {
                    IfExists = ifExists,
                    Schema = Schema + name,
                    GeometryColumn = name + "g",
                });
            }

            string quoted = $"{SqlIdentifier.Quote(Schema + name)}.{SqlIdentifier.Quote(name)}";
            string columns = $"{SqlIdentifier.Quote(name + "c")}, ST_AsText({SqlIdentifier.Quote(name + "g")})";
            Assert.Equal(["1|2|5|POINT(1 2)", "1|2|5|POINT(1 2)"], await Rows($"SELECT id, cluster_id, {columns} FROM {quoted}"));
            Assert.Equal(["x"], await Relations());
        }
        finally
        {
            await Execute($"DROP SCHEMA {SqlIdentifier.Quote(Schema + name)} CASCADE");
        }
    }

    [Theory]
    [InlineData(63, "x")]
    [InlineData(21, "地")]
    public async Task Names_of_63_bytes_are_kept_whole(int count, string character)
    {
        string name = string.Concat(Enumerable.Repeat(character, count));
        var options = new PostGisOptions { IfExists = IfTableExists.Replace, GeometryColumn = name };
        await Export(Samples.Points(2), name, options);
        await Export(Samples.Points(2), name, options);

        Assert.Equal([name], await Relations());
        Assert.Equal("1", await Scalar($"SELECT count(*) FROM pg_index WHERE indrelid = '{name}'::regclass"));
    }
}
