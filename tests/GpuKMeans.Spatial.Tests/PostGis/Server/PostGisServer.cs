using GpuKMeans.Spatial.PostGis;
using Npgsql;

namespace GpuKMeans.Spatial.Tests.PostGis;

/// <summary>
/// A database with PostGIS for the tests, on the server that GPUKMEANS_TEST_POSTGIS names or on one of their own.
/// With neither, the tests are skipped, save on a build server, where they fail.
/// </summary>
public sealed class PostGisServer : IAsyncLifetime
{
    private readonly string _database = $"gpukmeans_test_{Guid.NewGuid():N}";
    private OwnServer? _own;
    private string _admin = "";

    /// <summary>Why there is no server; null when there is one.</summary>
    public string? Unavailable { get; private set; }

    /// <summary>To the tests' database, as a superuser.</summary>
    public string ConnectionString { get; private set; } = "";

    public async ValueTask InitializeAsync()
    {
        if (Environment.GetEnvironmentVariable("GPUKMEANS_TEST_POSTGIS") is { Length: > 0 } named)
        {
            _admin = PostgresConnectionString.Normalize(named);
        }
        else if (OwnServer.FindPrograms() is string programs)
        {
            _own = await OwnServer.Start(programs);
            _admin = _own.ConnectionString;
        }
        else
        {
            Unavailable = "No PostGIS: set GPUKMEANS_TEST_POSTGIS to a server, or install postgresql-15-postgis-3.";
            if (Environment.GetEnvironmentVariable("CI") == "true")
            {
                throw new InvalidOperationException(Unavailable);
            }

            return;
        }

        ConnectionString = await CreateDatabase(_database);
        await Execute(ConnectionString, "CREATE EXTENSION postgis");
    }

    public async ValueTask DisposeAsync()
    {
        if (ConnectionString.Length > 0)
        {
            await DropDatabase(_database);
        }

        if (_own is not null)
        {
            await _own.DisposeAsync();
        }
    }

    /// <summary>Makes an empty database.</summary>
    /// <returns>The connection string to it.</returns>
    public async Task<string> CreateDatabase(string name)
    {
        await Execute(_admin, $"CREATE DATABASE \"{name}\" TEMPLATE template0 ENCODING 'UTF8'");
        return new NpgsqlConnectionStringBuilder(_admin) { Database = name, PersistSecurityInfo = true }.ConnectionString;
    }

    public async Task DropDatabase(string name)
    {
        NpgsqlConnection.ClearAllPools();
        await Execute(_admin, $"DROP DATABASE \"{name}\" WITH (FORCE)");
    }

    public static async Task Execute(string connectionString, string sql)
    {
        await using var connection = new NpgsqlConnection(connectionString);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }
}

/// <summary>The tests that share the server; one at a time, as some end others' sessions.</summary>
[CollectionDefinition(Name)]
public sealed class PostGisTests : ICollectionFixture<PostGisServer>
{
    public const string Name = "PostGIS";
}
