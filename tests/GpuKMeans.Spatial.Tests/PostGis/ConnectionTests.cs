using System.Security.Cryptography;
using GpuKMeans.Spatial.PostGis;
using Npgsql;

namespace GpuKMeans.Spatial.Tests.PostGis;

public sealed class ConnectionTests(PostGisServer server) : PostGisTest(server)
{
    private const string Password = "p@ss:/?#[]%&=+ ü\"';\\$";

    private readonly string _role = $"Role {Guid.NewGuid():N} @:/";
    private bool _hasRole;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_URL_with_special_characters_in_user_and_password_connects(bool async)
    {
        await CreateRole();
        var exporter = new PostGisExporter(Url(Password), "places", new PostGisOptions { Schema = Schema });
        if (async)
        {
            await exporter.ExportAsync(Samples.Points(2), Cancellation);
        }
        else
        {
            exporter.Export(Samples.Points(2), Cancellation);
        }

        Assert.Equal(_role, await Scalar($"SELECT tableowner FROM pg_tables WHERE schemaname = '{Schema}'"));
    }

    [Fact]
    public async Task A_connection_string_with_special_characters_in_the_password_connects()
    {
        await CreateRole();
        var connection = new NpgsqlConnectionStringBuilder(Connection) { Username = _role, Password = Password };
        await new PostGisExporter(connection.ConnectionString, "places").ExportAsync(Samples.Points(2), Cancellation);
        Assert.Equal("2", await Scalar("SELECT count(*) FROM places"));
    }

    [Fact]
    public async Task A_wrong_password_is_not_repeated()
    {
        await CreateRole();
        string wrong = "hush" + RandomNumberGenerator.GetHexString(8);
        var exporter = new PostGisExporter(Url(wrong), "places");

        PostgresException error = await Assert.ThrowsAsync<PostgresException>(
            () => exporter.ExportAsync(Samples.Points(2), Cancellation));

        Assert.Equal(PostgresErrorCodes.InvalidPassword, error.SqlState);
        PasswordSecrecyTests.ExpectNo(wrong, error);
        PasswordSecrecyTests.ExpectNo(wrong, Assert.Throws<PostgresException>(() => exporter.Export(Samples.Points(2), Cancellation)));
    }

    [Fact]
    public async Task The_password_is_in_no_error_of_a_server_that_was_reached()
    {
        await CreateRole();
        await Export(Samples.Points(2), "places");
        foreach (PostGisOptions options in new PostGisOptions[]
        {
            new() { Schema = Schema },
            new() { Schema = Schema, IfExists = IfTableExists.Replace },
            new() { Schema = Schema, IfExists = IfTableExists.Append },
            new() { Schema = "nowhere" },
            new() { Schema = "pg_catalog" },
        })
        {
            Exception error = await Assert.ThrowsAnyAsync<Exception>(
                () => new PostGisExporter(Url(Password), "places", options).ExportAsync(Samples.Points(2), Cancellation));
            PasswordSecrecyTests.ExpectNo(Password, error);
        }
    }

    [Fact]
    public async Task A_data_source_is_used_and_left_open()
    {
        await using var source = NpgsqlDataSource.Create(Connection);
        var exporter = new PostGisExporter(source, "places", new PostGisOptions { IfExists = IfTableExists.Append });
        await exporter.ExportAsync(Samples.Points(2), Cancellation);
        exporter.Export(Samples.Points(2), Cancellation);

        await using NpgsqlCommand command = source.CreateCommand("SELECT count(*) FROM places");
        Assert.Equal(4L, await command.ExecuteScalarAsync(Cancellation));
    }

    [Fact]
    public async Task One_exporter_serves_several_threads_at_once()
    {
        await Export(Samples.Points(0), "places");
        var exporter = new PostGisExporter(Connection, "places", new PostGisOptions { IfExists = IfTableExists.Append });
        await Task.WhenAll(Enumerable.Range(0, 4).Select(
            i => exporter.ExportAsync(Samples.Points(1_000, first: i * 1_000), Cancellation)));
        Assert.Equal("4000", await Scalar("SELECT count(DISTINCT id) FROM places"));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_unix_socket_is_reached_by_its_folder(bool inAuthority)
    {
        string folder = (await Scalar("SHOW unix_socket_directories"))!.Split(',')[0].Trim();
        string port = (await Scalar("SHOW port"))!;
        Assert.SkipUnless(File.Exists($"{folder}/.s.PGSQL.{port}"), "The server has no socket on this machine.");
        await CreateRole();
        string user = $"{Uri.EscapeDataString(_role)}:{Uri.EscapeDataString(Password)}";
        string database = new NpgsqlConnectionStringBuilder(Connection).Database!;
        string url = inAuthority
            ? $"postgresql://{user}@{Uri.EscapeDataString(folder)}:{port}/{database}"
            : $"postgresql://{user}@/{database}?host={folder}&port={port}";

        await new PostGisExporter(url, "places", new PostGisOptions { Schema = Schema }).ExportAsync(Samples.Points(2), Cancellation);

        Assert.Equal("2", await Scalar("SELECT count(*) FROM places"));
    }

    [Fact]
    public async Task The_first_of_several_hosts_that_answers_is_used()
    {
        await CreateRole();
        var there = new NpgsqlConnectionStringBuilder(Connection);
        string url = $"postgresql://{Uri.EscapeDataString(_role)}:{Uri.EscapeDataString(Password)}@127.0.0.1:1,"
            + $"{there.Host}:{there.Port}/{there.Database}?target_session_attrs=read-write";
        await new PostGisExporter(url, "places", new PostGisOptions { Schema = Schema }).ExportAsync(Samples.Points(2), Cancellation);
        Assert.Equal("2", await Scalar("SELECT count(*) FROM places"));
    }

    public override async ValueTask DisposeAsync()
    {
        if (_hasRole)
        {
            NpgsqlConnection.ClearAllPools();
            string role = SqlIdentifier.Quote(_role);
            await Execute($"DROP OWNED BY {role}; DROP ROLE {role}");
        }

        await base.DisposeAsync();
    }

    private async Task CreateRole()
    {
        string role = SqlIdentifier.Quote(_role);
        await Execute(
            $"CREATE ROLE {role} LOGIN PASSWORD E'{Password.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("'", "''", StringComparison.Ordinal)}'; "
            + $"GRANT ALL ON SCHEMA {Schema} TO {role}");
        _hasRole = true;
    }

    private string Url(string password)
    {
        var there = new NpgsqlConnectionStringBuilder(Connection);
        return $"postgresql://{Uri.EscapeDataString(_role)}:{Uri.EscapeDataString(password)}@{there.Host}:{there.Port}/{there.Database}";
    }
}
