using Npgsql;

namespace GpuKMeans.Spatial.Tests.PostGis;

public sealed class ReplaceTests(PostGisServer server) : PostGisTest(server)
{
    private static readonly PostGisOptions Replace = new() { IfExists = IfTableExists.Replace };

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task The_new_table_takes_the_place_of_the_old_one_with_its_index_name(bool async)
    {
        await Execute("CREATE TABLE places (something text)");

        await Export(Samples.Points(3), "places", Replace, async);
        await Export(Samples.Points(2), "places", Replace, async);

        Assert.Equal("2", await Scalar("SELECT count(*) FROM places WHERE id < 2"));
        Assert.Equal(["places"], await Relations());
        Assert.Equal("places_geometry_idx", await Scalar(
            "SELECT indexrelid::regclass::text FROM pg_index WHERE indrelid = 'places'::regclass"));
    }

    [Fact]
    public async Task A_table_that_is_not_there_is_created()
    {
        await Export(Samples.Points(3), "places", Replace);
        Assert.Equal("3", await Scalar("SELECT count(*) FROM places"));
    }

    [Fact]
    public async Task An_index_name_that_is_taken_gets_a_number()
    {
        await Execute("CREATE TABLE other (a int); CREATE INDEX places_geometry_idx ON other (a)");
        await Export(Samples.Points(3), "places", Replace);
        Assert.Equal("places_geometry_idx1", await Scalar(
            "SELECT indexrelid::regclass::text FROM pg_index WHERE indrelid = 'places'::regclass"));
    }

    [Fact]
    public async Task A_reader_sees_the_old_rows_until_the_commit_and_then_the_new_ones()
    {
        await Export(Samples.Points(2), "places");
        string? seenInMidLoad = null;
        ClusteredFeatures features = Samples.Columns(FeatureColumn.Create("value", new Trap<int>(10_000, 5_000, () =>
        {
            using var reader = new NpgsqlConnection(Connection);
            reader.Open();
            using var command = new NpgsqlCommand("SET lock_timeout = '5s'; SELECT count(*) FROM places", reader);
            seenInMidLoad = $"{command.ExecuteScalar()}";
        })));

        await Export(features, "places", Replace);

        Assert.Equal("2", seenInMidLoad);
        Assert.Equal("10000", await Scalar("SELECT count(*) FROM places"));
    }

    [Fact]
    public async Task The_swap_waits_for_a_reader_and_a_lock_timeout_bounds_the_wait()
    {
        await Export(Samples.Points(2), "places");
        await using var reader = new NpgsqlConnection(Connection);
        await reader.OpenAsync(Cancellation);
        await using NpgsqlTransaction transaction = await reader.BeginTransactionAsync(Cancellation);
        await using var read = new NpgsqlCommand("SELECT count(*) FROM places", reader);
        await read.ExecuteScalarAsync(Cancellation);

        var bounded = new NpgsqlConnectionStringBuilder(Connection) { Options = "-c lock_timeout=100ms" };
        var error = await Assert.ThrowsAsync<PostgresException>(
            () => new PostGisExporter(bounded.ConnectionString, "places", Replace).ExportAsync(Samples.Points(5), Cancellation));

        Assert.Equal(PostgresErrorCodes.LockNotAvailable, error.SqlState);
        await transaction.CommitAsync(Cancellation);
        Assert.Equal("2", await Scalar("SELECT count(*) FROM places"));
        Assert.Equal(["places"], await Relations());
    }

    [Fact]
    public async Task Of_two_replacements_at_once_the_later_commit_stays()
    {
        await Export(Samples.Points(1), "places");
        using var bothLoaded = new Barrier(2);
        await Task.WhenAll(Enumerable.Range(2, 2).Select(count => Task.Run(
            () => new PostGisExporter(Connection, "places", Replace).Export(
                Samples.Columns(FeatureColumn.Create("value", new Trap<int>(count, 1, () => bothLoaded.SignalAndWait(Cancellation)))),
                Cancellation),
            Cancellation)));

        Assert.Contains(await Scalar("SELECT count(*) FROM places"), new[] { "2", "3" });
        Assert.Equal(["places"], await Relations());
    }

    [Theory]
    [InlineData("CREATE VIEW places AS SELECT 1 AS a", "a view")]
    [InlineData("CREATE MATERIALIZED VIEW places AS SELECT 1 AS a", "a materialized view")]
    [InlineData("CREATE SEQUENCE places", "a sequence")]
    [InlineData("CREATE TABLE places (a int) PARTITION BY LIST (a)", "a partitioned table")]
    [InlineData("CREATE TABLE whole (a int) PARTITION BY LIST (a); CREATE TABLE places PARTITION OF whole DEFAULT", "a partition of another table")]
    public async Task What_is_not_a_table_of_its_own_is_refused(string create, string what)
    {
        await Execute(create);
        string[] before = await Relations();

        var error = await Assert.ThrowsAsync<InvalidOperationException>(() => Export(Samples.Points(2), "places", Replace));

        Assert.Contains($"\"places\" is {what}", error.Message, StringComparison.Ordinal);
        Assert.Equal(before, await Relations());
    }

    [Theory]
    [InlineData("CREATE VIEW on_it AS SELECT count(*) FROM places")]
    [InlineData("ALTER TABLE places ADD UNIQUE (id); CREATE TABLE on_it (place int REFERENCES places (id))")]
    [InlineData("CREATE TABLE on_it () INHERITS (places)")]
    public async Task What_depends_on_the_table_is_named_before_anything_is_loaded(string create)
    {
        await Export(Samples.Points(2), "places");
        await Execute(create);
        var unread = Samples.Columns(FeatureColumn.Create(
            "value", new Trap<int>(10, 0, () => throw new InvalidDataException("read"))));

        var error = await Assert.ThrowsAsync<InvalidOperationException>(() => Export(unread, "places", Replace));

        Assert.Contains("depend on it: on_it.", error.Message, StringComparison.Ordinal);
        Assert.Equal("2", await Scalar("SELECT count(*) FROM places"));
    }

    [Fact]
    public async Task What_comes_to_depend_on_the_table_during_the_load_is_not_dropped()
    {
        await Export(Samples.Points(2), "places");
        var features = Samples.Columns(FeatureColumn.Create("value", new Trap<int>(10, 5, () =>
        {
            using var other = new NpgsqlConnection(Connection);
            other.Open();
            using var command = new NpgsqlCommand("CREATE VIEW on_it AS SELECT count(*) AS n FROM places", other);
            command.ExecuteNonQuery();
        })));

        var error = await Assert.ThrowsAsync<InvalidOperationException>(() => Export(features, "places", Replace));

        Assert.Contains("other objects depend on it", error.Message, StringComparison.Ordinal);
        Assert.Equal("2", await Scalar("SELECT n FROM on_it"));
        Assert.Equal(["on_it", "places"], await Relations());
    }

    [Fact]
    public async Task The_table_of_another_role_is_refused()
    {
        string role = $"r_{Schema}";
        await Export(Samples.Points(2), "places");
        await Execute($"CREATE ROLE {role}; GRANT ALL ON SCHEMA {Schema} TO {role}; GRANT ALL ON places TO {role}");
        try
        {
            var asRole = new NpgsqlConnectionStringBuilder(Connection) { Options = $"-c role={role}", Pooling = false };
            var error = await Assert.ThrowsAsync<InvalidOperationException>(
                () => new PostGisExporter(asRole.ConnectionString, "places", Replace).ExportAsync(Samples.Points(1), Cancellation));
            Assert.Contains("belongs to another role", error.Message, StringComparison.Ordinal);
        }
        finally
        {
            await Execute($"DROP OWNED BY {role}; DROP ROLE {role}");
        }
    }

    [Fact]
    public async Task The_owner_and_what_others_may_do_are_the_old_tables()
    {
        string owner = $"o_{Schema}", reader = $"R \"{Schema}";
        string quoted = $"\"{reader.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
        await Export(Samples.Points(2), "places");
        await Execute($"""
            CREATE ROLE {owner}; CREATE ROLE {quoted}; GRANT ALL ON SCHEMA {Schema} TO {owner};
            ALTER TABLE places ADD gone int; ALTER TABLE places OWNER TO {owner};
            GRANT SELECT ON places TO PUBLIC; GRANT INSERT, DELETE ON places TO {quoted} WITH GRANT OPTION;
            GRANT UPDATE (cluster_id, gone) ON places TO {quoted}
            """);
        try
        {
            // As a superuser, and then as a role that may act as the owner.
            foreach (string? role in new[] { null, $"m_{Schema}" })
            {
                var connection = new NpgsqlConnectionStringBuilder(Connection) { Pooling = false };
                if (role is not null)
                {
                    await Execute($"CREATE ROLE {role} IN ROLE {owner}; GRANT ALL ON SCHEMA {Schema} TO {role}");
                    connection.Options = $"-c role={role}";
                }

                await new PostGisExporter(connection.ConnectionString, "places", Replace).ExportAsync(Samples.Points(5), Cancellation);
                Assert.Equal("5", await Scalar("SELECT count(*) FROM places"));
                Assert.Equal(owner, await Scalar("SELECT relowner::regrole::text FROM pg_class WHERE oid = 'places'::regclass"));
                Assert.Equal(
                    ["0|SELECT|False", $"{reader}|DELETE|True", $"{reader}|INSERT|True", $"{reader}|UPDATE cluster_id|False"],
                    await Rows($"""
                        SELECT * FROM (
                            SELECT coalesce(rolname, '0') AS who, privilege_type, is_grantable
                            FROM pg_class c, aclexplode(relacl) LEFT JOIN pg_roles r ON r.oid = grantee
                            WHERE c.oid = 'places'::regclass AND grantee <> relowner
                            UNION ALL
                            SELECT rolname, privilege_type || ' ' || attname, is_grantable
                            FROM pg_attribute, aclexplode(attacl) JOIN pg_roles r ON r.oid = grantee
                            WHERE attrelid = 'places'::regclass) AS granted
                        ORDER BY who COLLATE "C", 2
                        """));
            }
        }
        finally
        {
            await Execute($"DROP TABLE places; DROP OWNED BY {owner}, {quoted}");
            await Execute($"DO $$ BEGIN IF to_regrole('m_{Schema}') IS NOT NULL THEN DROP OWNED BY m_{Schema}; DROP ROLE m_{Schema}; END IF; END $$");
            await Execute($"DROP ROLE {owner}; DROP ROLE {quoted}");
        }
    }
}
