using System.Text;
using NetTopologySuite.Geometries;

namespace GpuKMeans.Spatial.Tests.GeoParquet;

/// <summary>What is written, how, and what DuckDB is asked about it.</summary>
internal sealed record ReadBackCase(
    ClusteredFeatures Features, GeoParquetOptions? Options = null, IReadOnlyDictionary<string, string>? Sql = null);

/// <summary>The files that are read back by the independent readers, by name.</summary>
internal static class ReadBackCases
{
    public const string Statistics =
        "SELECT row_group_id, path_in_schema, stats_min_value, stats_max_value, stats_null_count, compression FROM parquet_metadata($file)";

    private const string Boxes = "SELECT id, bbox FROM $file ORDER BY id";

    private static readonly CoordinateReferenceSystem _lonLat = CoordinateReferenceSystem.Parse("OGC:CRS84");
    private static readonly CoordinateReferenceSystem _utm23S = CoordinateReferenceSystem.Parse("EPSG:31983");

    public static string[] GeometryWkt { get; } =
    [
        "POINT (1 2)",
        "POINT Z(1 2 3)",
        "LINESTRING (0 0, 1 1, 2 0)",
        "POLYGON ((0 0, 10 0, 10 10, 0 10, 0 0), (2 2, 2 4, 4 4, 4 2, 2 2), (6 6, 6 8, 8 8, 8 6, 6 6))",
        "MULTIPOINT ((1 1), (2 2))",
        "MULTILINESTRING ((0 0, 1 1), (5 5, 6 6, 7 5))",
        "MULTIPOLYGON (((0 0, 1 0, 1 1, 0 0)), ((-5 -5, -4 -5, -4 -4, -5 -5)))",
        "GEOMETRYCOLLECTION (POINT (1 1), LINESTRING (0 0, 3 3), GEOMETRYCOLLECTION (POINT (-9 4)))",
        "LINESTRING Z(0 0 5, 1 1 -6)",
    ];

    public static byte[][] HardToCompress { get; } = [.. Patterns()];

    public static int?[] RunsOfNulls { get; } = [.. Runs()];

    /// <summary>Columns of so many distinct values: dictionaries whose indices take one bit to ten.</summary>
    public static FeatureColumn[] RepeatingValues { get; } =
        [.. new[] { 1, 2, 3, 4, 5, 60, 255, 256, 257, 1000 }.Select(k => FeatureColumn.Create($"of {k}", Texts(3000, k)))];

    /// <summary>More rows than a page of indices has, and at the limit of a dictionary's size: one below, one above.</summary>
    public static FeatureColumn[] ManyValues { get; } =
    [
        FeatureColumn.Create("kept", Enumerable.Range(0, 70_000).Select(i => i % 32_768 * 1000L).ToList()),
        FeatureColumn.Create("given up", Enumerable.Range(0, 70_000).Select(i => i % 32_769 * 1000L).ToList()),
    ];

    public static FeatureColumn[] EveryType { get; } =
    [
        FeatureColumn.Create<bool>("bool", [true, false, true]),
        FeatureColumn.Create<bool?>("bool_null", [null, true, false]),
        FeatureColumn.Create<int>("int", [int.MinValue, 0, int.MaxValue]),
        FeatureColumn.Create<int?>("int_null", [7, null, -7]),
        FeatureColumn.Create<long>("long", [long.MinValue, 9_007_199_254_740_993, long.MaxValue]),
        FeatureColumn.Create<long?>("long_null", [null, null, null]),
        FeatureColumn.Create<float>("float", [0.1f, -0f, float.MaxValue]),
        FeatureColumn.Create<float?>("float_null", [float.NaN, null, 1.5f]),
        FeatureColumn.Create<double>("double", [Math.PI, -0.0, double.Epsilon]),
        FeatureColumn.Create<double?>("double_null", [double.NaN, null, double.PositiveInfinity]),
        FeatureColumn.Create<string?>("string", ["São Paulo, 東京, 🌍", "", null]),
        FeatureColumn.Create<Guid>("guid", [Guid.Parse("00112233-4455-6677-8899-aabbccddeeff"), Guid.Empty, Guid.AllBitsSet]),
        FeatureColumn.Create<Guid?>("guid_null", [null, Guid.Parse("ffeeddcc-bbaa-9988-7766-554433221100"), null]),
        FeatureColumn.Create<DateOnly>("date", [new(1970, 1, 1), new(1969, 12, 31), new(2024, 2, 29)]),
        FeatureColumn.Create<DateOnly?>("date_null", [DateOnly.MinValue, null, DateOnly.MaxValue]),
        FeatureColumn.Create<DateTime>("local_time", [new(2024, 2, 29, 1, 2, 3, 4, 5), DateTime.UnixEpoch.AddTicks(-1).ToUnspecified(), new(1, 1, 1)]),
        FeatureColumn.Create<DateTime?>("instant", [new(2024, 2, 29, 1, 2, 3, DateTimeKind.Utc), null, new DateTime(2024, 2, 29, 1, 2, 3, DateTimeKind.Utc).ToLocalTime()]),
        FeatureColumn.Create<DateTimeOffset>("offset", [new(2024, 2, 29, 1, 2, 3, TimeSpan.FromHours(-3)), DateTimeOffset.UnixEpoch, DateTimeOffset.MinValue]),
        FeatureColumn.Create<DateTimeOffset?>("offset_null", [null, new(1969, 12, 31, 20, 59, 59, 999, TimeSpan.FromHours(-3)), null]),
        FeatureColumn.Create<byte[]?>("bytes", [[0, 255, 128], [], null]),
    ];

    public static IReadOnlyDictionary<string, ReadBackCase> All { get; } = Build();

    private static Dictionary<string, ReadBackCase> Build()
    {
        var cases = new Dictionary<string, ReadBackCase>
        {
            ["every type"] = new(TestFeatures.OfColumns(3, EveryType), Sql: Sql(
                ("rows", "SELECT * FROM $file"), ("types", "DESCRIBE SELECT * FROM $file"), ("statistics", Statistics))),
            ["int ids"] = WithIds<int>([3, 1, 2]),
            ["long ids"] = WithIds<long>([long.MaxValue, -1, 2]),
            ["string ids"] = WithIds<string>(["é", "z", "\U0001F30D"]),
            ["long string ids"] = WithIds<string>([new string('x', 300), "a", "b"]),
            ["guid ids"] = WithIds<Guid>([Guid.AllBitsSet, Guid.Parse("00112233-4455-6677-8899-aabbccddeeff"), Guid.Parse("80000000-0000-0000-0000-000000000000")]),
            ["geometries"] = new(TestFeatures.OfWkt(_utm23S, GeometryWkt), Sql: Sql(("wkb", "SET enable_geoparquet_conversion = false; SELECT hex(geometry) AS wkb FROM $file ORDER BY id"), ("boxes", Boxes))),
            ["points"] = new(TestFeatures.OfWkt(_lonLat, "POINT (-46.6 -23.5)", "POINT (139.7 35.7)"), Sql: Sql(("typed", "SELECT typeof(geometry) AS type, geometry::VARCHAR AS wkt FROM $file"))),
            ["points with Z"] = new(TestFeatures.OfWkt(_utm23S, "POINT Z (1 2 3)", "POINT Z (-1 5 -9)")),
            ["empty and null"] = new(TestFeatures.OfWkt(
                _lonLat, "POINT EMPTY", null, "POLYGON EMPTY", "POINT (3 4)", "LINESTRING EMPTY", "GEOMETRYCOLLECTION EMPTY", "MULTIPOINT EMPTY", null),
                Sql: Sql(("boxes", Boxes), ("statistics", Statistics), ("inWindow", "SELECT id FROM $file WHERE bbox.xmin <= 1e9 AND bbox.xmax >= -1e9 AND bbox.ymin <= 1e9 AND bbox.ymax >= -1e9"))),
            ["only empty"] = new(TestFeatures.OfWkt(_lonLat, "POINT EMPTY", null)),
            ["only null"] = new(TestFeatures.OfWkt(_lonLat, null, null, null)),
            ["no geometry"] = new(TestFeatures.OfColumns(2, FeatureColumn.Create<string>("bbox", ["a", "b"]))),
            ["no rows"] = new(TestFeatures.OfWkt(_lonLat), Sql: Sql(("rows", "SELECT * FROM $file"))),
            ["unknown crs"] = new(TestFeatures.OfWkt(null, "POINT (1 2)")),
            ["no covering"] = new(TestFeatures.OfWkt(_lonLat, "POINT (1 2)"), new GeoParquetOptions { BboxCovering = false, GeometryColumn = "wkb_geometry" }),
            ["runs of nulls"] = new(TestFeatures.OfColumns(RunsOfNulls.Length, FeatureColumn.Create("int", RunsOfNulls), FeatureColumn.Create("bool", RunsOfNulls.Select(v => v is null ? (bool?)null : v < 0).ToList())), Sql: Sql(("rows", "SELECT int, bool FROM $file ORDER BY id"))),
            ["repeating values"] = new(TestFeatures.OfColumns(3000, RepeatingValues), Sql: Sql(("rows", "SELECT * FROM $file ORDER BY id"))),
            ["many values"] = new(TestFeatures.OfColumns(ManyValues[0].Count, ManyValues), Sql: Sql(("rows", "SELECT * FROM $file ORDER BY id"))),
            ["large values"] = new(TestFeatures.OfColumns(5, FeatureColumn.Create<string?>("text", [.. LargeTexts()])), Sql: Sql(("rows", "SELECT id, length(text) AS length, md5(text) AS md5 FROM $file ORDER BY id"))),
        };
        foreach (ParquetCompression compression in Enum.GetValues<ParquetCompression>())
        {
            cases[$"row groups, {compression}"] = new(
                TestFeatures.Diagonal(1000),
                new GeoParquetOptions { Compression = compression, RowGroupSize = 300 },
                Sql(("rows", "SELECT id, cluster_id, bbox FROM $file"),
                    ("statistics", Statistics),
                    ("window", "SELECT id FROM $file WHERE bbox.xmax >= 598 AND bbox.xmin <= 602 AND bbox.ymax >= 598 AND bbox.ymin <= 600.5")));
            cases[$"hard to compress, {compression}"] = new(
                TestFeatures.OfColumns(HardToCompress.Length, FeatureColumn.Create("data", HardToCompress)),
                new GeoParquetOptions { Compression = compression, RowGroupSize = 1 },
                Sql(("rows", "SELECT md5(data) AS md5 FROM $file ORDER BY id")));
        }

        return cases;
    }

    public static IEnumerable<string?> LargeTexts() =>
        [new string('a', 600_000), new string('é', 600_000), null, new string('z', 2_500_000), "short"];

    private static string?[] Texts(int rows, int distinct)
    {
        var random = new Random(distinct);
        return [.. Enumerable.Range(0, rows).Select(i => i % 7 == 0 ? null : $"value {random.Next(distinct)}")];
    }

    private static ReadBackCase WithIds<T>(T[] ids) => new(
        new ClusteredFeatures(FeatureColumn.Create("id", ids), TestFeatures.Clusters(ids.Length)), Sql: Sql(("statistics", Statistics)));

    private static Dictionary<string, string> Sql(params (string Label, string Query)[] queries) =>
        queries.ToDictionary(q => q.Label, q => q.Query);

    // Runs of nulls and of values, of lengths around eight, where levels are packed and not repeated, and far above it.
    private static IEnumerable<int?> Runs()
    {
        var random = new Random(1);
        int[] lengths = [1, 2, 5, 7, 8, 9, 15, 16, 17, 130, 1000];
        for (int run = 0; run < 300; run++)
        {
            bool missing = random.Next(2) == 0;
            for (int i = lengths[random.Next(lengths.Length)]; i > 0; i--)
            {
                yield return missing ? null : random.Next() - int.MaxValue / 2;
            }
        }
    }

    // With a row to a group each is a page of its own. Around the sizes where literals get longer heads, and where a
    // block of Snappy ends: a page has ten bytes before the value.
    private static IEnumerable<byte[]> Patterns()
    {
        int[] sizes = [0, 1, 4, 49, 50, 51, 52, 245, 246, 247, 65_525, 65_526, 65_527, 65_528, 131_062, 131_063, 100_000];
        foreach (int size in sizes)
        {
            var random = new Random(size);
            byte[] noise = new byte[size];
            random.NextBytes(noise);
            yield return noise;
            yield return new byte[size];
            yield return [.. Enumerable.Range(0, size).Select(i => (byte)"clusters of places "[i % 19])];

            // Repeats at all distances and lengths, between literals of all lengths.
            var text = new StringBuilder();
            while (text.Length < size)
            {
                int from = random.Next(text.Length + 1);
                int length = Math.Min(random.Next(1, 200), text.Length - from);
                text.Append(text.ToString(from, length)).Append(random.Next());
            }

            yield return Encoding.ASCII.GetBytes(text.ToString(0, size));
        }
    }

    private static DateTime ToUnspecified(this DateTime time) => DateTime.SpecifyKind(time, DateTimeKind.Unspecified);
}
