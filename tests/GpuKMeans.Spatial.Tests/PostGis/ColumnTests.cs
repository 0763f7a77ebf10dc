namespace GpuKMeans.Spatial.Tests.PostGis;

public sealed class ColumnTests(PostGisServer server) : PostGisTest(server)
{
    private static readonly Guid SomeGuid = new("00112233-4455-6677-8899-aabbccddeeff");

    [Fact]
    public async Task Every_type_keeps_its_values_and_their_absence()
    {
        var noon = new DateTime(2024, 2, 29, 12, 30, 15, 123, 456);
        await Export(
            Samples.Columns(
                FeatureColumn.Create("bool", new bool?[] { true, false, null }),
                FeatureColumn.Create("int", new int?[] { int.MinValue, int.MaxValue, null }),
                FeatureColumn.Create("long", new long?[] { long.MinValue, long.MaxValue, null }),
                FeatureColumn.Create("float", new float?[] { 1.1f, float.NaN, null }),
                FeatureColumn.Create("double", new double?[] { 1e-300, double.NegativeInfinity, null }),
                FeatureColumn.Create("text", new string?[] { "", "São Paulo 😀\t\n\\N", null }),
                FeatureColumn.Create("uuid", new Guid?[] { SomeGuid, Guid.Empty, null }),
                FeatureColumn.Create("date", new DateOnly?[] { new DateOnly(1066, 10, 14), DateOnly.MaxValue, null }),
                FeatureColumn.Create("utc", new DateTime?[] { DateTime.SpecifyKind(noon, DateTimeKind.Utc), DateTime.MaxValue, null }),
                FeatureColumn.Create("wall", new DateTime?[] { noon, DateTime.MinValue, null }),
                FeatureColumn.Create("offset", new DateTimeOffset?[] { new(noon, TimeSpan.FromHours(-3)), DateTimeOffset.MinValue, null }),
                FeatureColumn.Create("bytes", new byte[]?[] { [], [0, 1, 255], null })),
            "all_types");

        Assert.Equal(
            [
                "true|-2147483648|-9223372036854775808|1.1|1e-300||00112233-4455-6677-8899-aabbccddeeff|1066-10-14|"
                    + "2024-02-29 12:30:15.123456|2024-02-29 12:30:15.123456|2024-02-29 15:30:15.123456|\\x",
                "false|2147483647|9223372036854775807|NaN|-Infinity|São Paulo 😀\t\n\\N|00000000-0000-0000-0000-000000000000|"
                    + "infinity|infinity|-infinity|-infinity|\\x0001ff",
                "∅|∅|∅|∅|∅|∅|∅|∅|∅|∅|∅|∅",
            ],
            await Rows(
                """
                SELECT "bool"::text, "int"::text, "long"::text, "float"::text, "double"::text, "text", "uuid"::text, "date"::text,
                       ("utc" AT TIME ZONE 'UTC')::text, "wall"::text, ("offset" AT TIME ZONE 'UTC')::text, "bytes"::text
                FROM all_types ORDER BY id
                """));
        Assert.Equal(
            [
                "boolean", "integer", "bigint", "real", "double precision", "text", "uuid", "date", "timestamp with time zone",
                "timestamp without time zone", "timestamp with time zone", "bytea",
            ],
            await Rows(
                $"""
                SELECT data_type FROM information_schema.columns
                WHERE table_schema = '{Schema}' AND ordinal_position > 2 ORDER BY ordinal_position
                """));
    }

    [Fact]
    public async Task Columns_that_cannot_be_null_say_so()
    {
        await Export(
            Samples.Columns(
                FeatureColumn.Create("number", new[] { 1.5 }),
                FeatureColumn.Create("maybe", new double?[] { 1.5 }),
                FeatureColumn.Create("text", new[] { "a" }),
                FeatureColumn.Create("when", new[] { DateTime.UnixEpoch })),
            "nulls");
        Assert.Equal(
            ["id|NO", "cluster_id|NO", "number|NO", "maybe|YES", "text|YES", "when|NO"],
            await Rows(
                $"""
                SELECT column_name, is_nullable FROM information_schema.columns
                WHERE table_schema = '{Schema}' ORDER BY ordinal_position
                """));
    }

    [Fact]
    public async Task Every_type_of_id_is_kept()
    {
        await ExpectId(FeatureColumn.Create("id", new[] { "a b", "a b" }), "text", "a b");
        await ExpectId(FeatureColumn.Create("id", new[] { -7, -7 }), "integer", "-7");
        await ExpectId(FeatureColumn.Create("id", new[] { 1L << 40, 1L << 40 }), "bigint", "1099511627776");
        await ExpectId(FeatureColumn.Create("id", new[] { SomeGuid, SomeGuid }), "uuid", SomeGuid.ToString());
    }

    [Fact]
    public async Task A_local_time_is_kept_as_the_instant_it_is()
    {
        var utc = new DateTime(2024, 7, 1, 12, 0, 0, DateTimeKind.Utc);
        await Export(Samples.Columns(FeatureColumn.Create("when", new[] { utc.ToLocalTime(), utc })), "times");
        Assert.Equal("2024-07-01 12:00:00|2", await Scalar(
            "SELECT (\"when\" AT TIME ZONE 'UTC')::text, count(*) FROM times GROUP BY 1"));
    }

    [Fact]
    public async Task A_megabyte_of_text_passes()
    {
        await Export(Samples.Columns(FeatureColumn.Create("text", new[] { new string('x', 1 << 20) })), "large");
        Assert.Equal("1048576", await Scalar("SELECT length(text) FROM large"));
    }

    [Fact]
    public async Task The_synchronous_twin_stays_on_the_thread_of_the_caller()
    {
        int read = 0;
        ClusteredFeatures features = Samples.Columns(FeatureColumn.Create(
            "value", new Trap<int>(30_000, 29_999, () => read = Environment.CurrentManagedThreadId)));
        int caller = 0;
        var thread = new Thread(() =>
        {
            caller = Environment.CurrentManagedThreadId;
            new PostGisExporter(Connection, "rows").Export(features, Cancellation);
        });
        thread.Start();
        await Task.Run(thread.Join, Cancellation);
        Assert.NotEqual(0, caller);
        Assert.Equal(caller, read);
    }

    private async Task ExpectId(FeatureColumn ids, string type, string value)
    {
        var options = new PostGisOptions { IfExists = IfTableExists.Replace };
        await Export(new ClusteredFeatures(ids, [0, 1]), "ids", options);
        Assert.Equal($"{type}|{value}|2", await Scalar(
            "SELECT pg_typeof(id)::text, id::text, count(*) FROM ids GROUP BY 1, 2"));
    }
}
