using System.Globalization;
using Npgsql;

namespace GpuKMeans.Spatial.PostGis;

/// <summary>What a URL says, gathered until it is known whole: its options may override its other parts.</summary>
internal sealed class PostgresUrlParts
{
    public NpgsqlConnectionStringBuilder Builder { get; } = [];

    public string? Username { get; set; }

    public string? Password { get; set; }

    public string? Database { get; set; }

    public List<string> Hosts { get; set; } = [];

    /// <summary>One a host, or one for all; empty for the usual port.</summary>
    public List<string> Ports { get; set; } = [];

    public string ToConnectionString()
    {
        SetHosts();
        if (!string.IsNullOrEmpty(Username))
        {
            Builder.Username = Username;
        }

        if (!string.IsNullOrEmpty(Password))
        {
            Builder.Password = Password;
        }

        if (!string.IsNullOrEmpty(Database))
        {
            Builder.Database = Database;
        }

        // Npgsql takes this only with several hosts. One host that cannot be written to says so itself.
        if (Hosts.Count <= 1 && Builder.TargetSessionAttributes is "read-write" or "primary")
        {
            Builder.Remove("Target Session Attributes");
        }

        return Builder.ConnectionString;
    }

    private void SetHosts()
    {
        string[] hosts = Hosts.Count == 0 ? ["localhost"] : [.. Hosts.Select(h => h.Length == 0 ? "localhost" : h)];
        int[] ports = [.. Ports.Select(Port)];
        if (ports.Length > 1 && ports.Length != hosts.Length)
        {
            throw ConnectionErrors.PortCount(ports.Length, hosts.Length);
        }

        if (ports.Length <= 1)
        {
            Builder.Host = string.Join(',', hosts);
            Builder.Port = ports.Length == 0 ? NpgsqlConnection.DefaultPort : ports[0];
            return;
        }

        Builder.Host = string.Join(',', hosts.Zip(ports, WithPort));
    }

    private static string WithPort(string host, int port) => string.Create(
        CultureInfo.InvariantCulture,
        $"{(host.Contains(':', StringComparison.Ordinal) ? $"[{host}]" : host)}:{port}");

    private static int Port(string text)
    {
        if (text.Length == 0)
        {
            return NpgsqlConnection.DefaultPort;
        }

        return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int port) && port is > 0 and <= 65535
            ? port
            : throw ConnectionErrors.BadPort();
    }
}
