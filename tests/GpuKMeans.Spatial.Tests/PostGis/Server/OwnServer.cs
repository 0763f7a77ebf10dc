using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using Npgsql;

namespace GpuKMeans.Spatial.Tests.PostGis;

/// <summary>A PostgreSQL server of the tests' own, in a temporary folder, gone when the tests are.</summary>
internal sealed class OwnServer : IAsyncDisposable
{
    private const string User = "gpukmeans";
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(60);

    // The server lives as long as standard input is open. The kernel closes it when the test process ends in whatever
    // way, so that no server and no folder outlives a run that was killed. Root may not run a server: it uses another user.
    private const string Script = """
        bin=$1 dir=$2 port=$3 user=$4
        trap '' INT TERM HUP
        as=
        if [ -n "$user" ]; then
            chown -R "$user" "$dir"
            as="setpriv --reuid=$(id -u "$user") --regid=$(id -g "$user") --clear-groups"
        fi
        cd "$dir"
        if $as "$bin/initdb" -D data -U gpukmeans --pwfile=password --auth=scram-sha-256 \
                --encoding=UTF8 --locale=C --no-sync >server.log 2>&1 </dev/null; then
            $as "$bin/postgres" -D data -p "$port" -k "$dir" -h 127.0.0.1 \
                -c fsync=off -c full_page_writes=off -c synchronous_commit=off >>server.log 2>&1 </dev/null &
            server=$!
            exec 3<&0
            { cat <&3 >/dev/null; kill -INT "$server"; } 2>/dev/null &
            wait "$server" || cat server.log >&2
        else
            cat server.log >&2
        fi
        cd / && rm -rf "$dir"
        """;

    private readonly Process _keeper;

    private OwnServer(Process keeper, string connectionString)
    {
        _keeper = keeper;
        ConnectionString = connectionString;
    }

    /// <summary>Of a superuser, to the database postgres.</summary>
    public string ConnectionString { get; }

    /// <summary>Where the programs of the newest installed PostgreSQL with PostGIS are; null when there is none.</summary>
    public static string? FindPrograms()
    {
        const string Versions = "/usr/lib/postgresql";
        if (!Directory.Exists(Versions))
        {
            return null;
        }

        return Directory.GetDirectories(Versions)
            .Where(version => File.Exists(
                $"/usr/share/postgresql/{Path.GetFileName(version)}/extension/postgis.control"))
            .Select(version => Path.Combine(version, "bin"))
            .Where(bin => File.Exists(Path.Combine(bin, "initdb")) && File.Exists(Path.Combine(bin, "postgres")))
            .OrderByDescending(bin => bin.Length).ThenByDescending(bin => bin, StringComparer.Ordinal)
            .FirstOrDefault();
    }

    public static async Task<OwnServer> Start(string programs)
    {
        string folder = Directory.CreateTempSubdirectory("gpukmeans-pg-").FullName;
        string password = Convert.ToHexString(RandomNumberGenerator.GetBytes(16));
        await File.WriteAllTextAsync(Path.Combine(folder, "password"), password);
        int port = FreePort();

        // In a session of its own, so that a signal to the tests' process group leaves it to clean up.
        string user = Environment.IsPrivilegedProcess ? "postgres" : "";
        var start = new ProcessStartInfo(
            "setsid", ["sh", "-c", Script, "sh", programs, folder, $"{port}", user]) { RedirectStandardInput = true };
        var server = new OwnServer(Process.Start(start)!, new NpgsqlConnectionStringBuilder
        {
            Host = "127.0.0.1",
            Port = port,
            Username = User,
            Password = password,
            Database = "postgres",
        }.ConnectionString);
        await server.WaitUntilReady();
        return server;
    }

    public async ValueTask DisposeAsync()
    {
        _keeper.StandardInput.Close();
        await _keeper.WaitForExitAsync();
        _keeper.Dispose();
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private async Task WaitUntilReady()
    {
        var waited = Stopwatch.StartNew();
        while (true)
        {
            try
            {
                await using var connection = new NpgsqlConnection(ConnectionString);
                await connection.OpenAsync();
                return;
            }
            catch (NpgsqlException e)
            {
                if (waited.Elapsed > StartLimit || _keeper.HasExited)
                {
                    await DisposeAsync();
                    throw new InvalidOperationException(
                        "The PostgreSQL server of the tests did not start; what it said went to standard error.", e);
                }

                await Task.Delay(50);
            }
        }
    }
}
