using System.Globalization;
using Npgsql;

namespace GpuKMeans.Spatial.Tests.PostGis;

/// <summary>A test that talks to the server, in a schema of its own.</summary>
[Collection(PostGisTests.Name)]
public abstract class PostGisTest(PostGisServer server) : IAsyncLifetime
{
    protected PostGisServer Server { get; } = server;

    protected string Schema { get; } = $"t_{Guid.NewGuid():N}";

    /// <summary>As a superuser; new tables go to the test's schema.</summary>
    protected string Connection { get; private set; } = "";

    protected static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        Assert.SkipWhen(Server.Unavailable is not null, Server.Unavailable ?? "");
        await PostGisServer.Execute(Server.ConnectionString, $"CREATE SCHEMA {Schema}");
        Connection = new NpgsqlConnectionStringBuilder(Server.ConnectionString)
        {
            SearchPath = $"{Schema}, public",
        }.ConnectionString;
    }

    public virtual async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        if (Connection.Length > 0)
        {
            NpgsqlConnection.ClearPool(new NpgsqlConnection(Connection));
            await PostGisServer.Execute(Server.ConnectionString, $"DROP SCHEMA {Schema} CASCADE");
        }
    }

    /// <summary>Exports by one of the twins.</summary>
    protected async Task Export(
        ClusteredFeatures features, string table, PostGisOptions? options = null, bool async = true, CancellationToken? token = null)
    {
        var exporter = new PostGisExporter(Connection, table, options);
        if (async)
        {
            await exporter.ExportAsync(features, token ?? Cancellation);
        }
        else
        {
            exporter.Export(features, token ?? Cancellation);
        }
    }

    /// <summary>Waits until the export waits for a lock of another session.</summary>
    protected async Task WaitForLock(Task export)
    {
        while (!export.IsCompleted && await Scalar("SELECT count(*) FROM pg_locks WHERE NOT granted") == "0")
        {
            await Task.Delay(20, Cancellation);
        }

        Assert.False(export.IsCompleted, $"The export did not wait: {export.Exception}");
    }

    protected Task Execute(string sql) => PostGisServer.Execute(Connection, sql);

    /// <summary>The one value a query gives, as text.</summary>
    protected async Task<string?> Scalar(string sql) => (await Rows(sql)).Single();

    /// <summary>A query's rows as text: values separated by '|', NULL as ∅.</summary>
    protected async Task<string[]> Rows(string sql)
    {
        await using var connection = new NpgsqlConnection(Connection);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync();
        var rows = new List<string>();
        while (await reader.ReadAsync())
        {
            rows.Add(string.Join('|', Enumerable.Range(0, reader.FieldCount).Select(i => reader.IsDBNull(i)
                ? "∅"
                : Convert.ToString(reader.GetValue(i), CultureInfo.InvariantCulture))));
        }

        return [.. rows];
    }

    /// <summary>The names of all relations in the test's schema, to see that nothing is left behind.</summary>
    protected Task<string[]> Relations() =>
        Rows($"SELECT relname FROM pg_class WHERE relnamespace = '{Schema}'::regnamespace AND relkind <> 't' AND relkind <> 'i' ORDER BY 1");
}
