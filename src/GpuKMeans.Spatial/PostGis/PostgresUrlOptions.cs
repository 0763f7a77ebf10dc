using System.Globalization;
using Npgsql;

namespace GpuKMeans.Spatial.PostGis;

/// <summary>The options of a connection URL: libpq's names and values, in Npgsql's words.</summary>
internal static class PostgresUrlOptions
{
    private static readonly Dictionary<string, SslMode> SslModes = new(StringComparer.Ordinal)
    {
        ["disable"] = SslMode.Disable,
        ["allow"] = SslMode.Allow,
        ["prefer"] = SslMode.Prefer,
        ["require"] = SslMode.Require,
        ["verify-ca"] = SslMode.VerifyCA,
        ["verify-full"] = SslMode.VerifyFull,
    };

    private static readonly Dictionary<string, string> SessionAttributes = new[]
    {
        "any", "read-write", "read-only", "primary", "standby", "prefer-standby",
    }.ToDictionary(name => name, StringComparer.Ordinal);

    private static readonly Dictionary<string, bool> LoadBalancing = new(StringComparer.Ordinal)
    {
        ["disable"] = false,
        ["random"] = true,
    };

    private static readonly Dictionary<string, Action<PostgresUrlParts, string>> Setters = new(StringComparer.Ordinal)
    {
        ["host"] = (parts, value) => parts.Hosts = [.. value.Split(',')],
        ["port"] = (parts, value) => parts.Ports = [.. value.Split(',')],
        ["dbname"] = (parts, value) => parts.Database = value,
        ["user"] = (parts, value) => parts.Username = value,
        ["password"] = (parts, value) => parts.Password = value,
        ["passfile"] = (parts, value) => parts.Builder.Passfile = value,
        ["application_name"] = (parts, value) => parts.Builder.ApplicationName = value,
        ["options"] = (parts, value) => parts.Builder.Options = value,
        ["client_encoding"] = (parts, value) => parts.Builder.ClientEncoding = value,
        ["connect_timeout"] = (parts, value) => parts.Builder.Timeout = Number("connect_timeout", value, 0, 1024),
        ["keepalives"] = (parts, value) => parts.Builder.TcpKeepAlive = Number("keepalives", value, 0, 1) == 1,
        ["keepalives_idle"] = (parts, value) =>
            parts.Builder.TcpKeepAliveTime = Number("keepalives_idle", value, 0, int.MaxValue),
        ["keepalives_interval"] = (parts, value) =>
            parts.Builder.TcpKeepAliveInterval = Number("keepalives_interval", value, 0, int.MaxValue),
        ["sslmode"] = (parts, value) => parts.Builder.SslMode = OneOf("sslmode", value, SslModes),
        ["sslrootcert"] = (parts, value) => parts.Builder.RootCertificate = value,
        ["sslcert"] = (parts, value) => parts.Builder.SslCertificate = value,
        ["sslkey"] = (parts, value) => parts.Builder.SslKey = value,
        ["sslpassword"] = (parts, value) => parts.Builder.SslPassword = value,
        ["sslnegotiation"] = (parts, value) =>
            parts.Builder.SslNegotiation = OneOf("sslnegotiation", value, Names<SslNegotiation>()),
        ["channel_binding"] = (parts, value) =>
            parts.Builder.ChannelBinding = OneOf("channel_binding", value, Names<ChannelBinding>()),
        ["gssencmode"] = (parts, value) =>
            parts.Builder.GssEncryptionMode = OneOf("gssencmode", value, Names<GssEncryptionMode>()),
        ["krbsrvname"] = (parts, value) => parts.Builder.KerberosServiceName = value,
        ["target_session_attrs"] = (parts, value) =>
            parts.Builder.TargetSessionAttributes = OneOf("target_session_attrs", value, SessionAttributes),
        ["load_balance_hosts"] = (parts, value) =>
            parts.Builder.LoadBalanceHosts = OneOf("load_balance_hosts", value, LoadBalancing),
    };

    /// <summary>Every option's name, for messages.</summary>
    public static string AllNames => string.Join(", ", Setters.Keys);

    /// <summary>What an option of this name does with its value; null when there is none of the name.</summary>
    public static Action<PostgresUrlParts, string>? Find(string name) => Setters.GetValueOrDefault(name);

    private static int Number(string name, string value, int min, int max) =>
        int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number >= min && number <= max
            ? number
            : throw ConnectionErrors.BadOptionValue(
                name, string.Create(CultureInfo.InvariantCulture, $"a whole number from {min} to {max}"));

    private static T OneOf<T>(string name, string value, Dictionary<string, T> values) =>
        values.TryGetValue(value, out T? known)
            ? known
            : throw ConnectionErrors.BadOptionValue(name, string.Join(", ", values.Keys));

    // libpq's words for these are Npgsql's in lower case.
    private static Dictionary<string, T> Names<T>()
        where T : struct, Enum =>
        Enum.GetValues<T>().ToDictionary(value => value.ToString().ToLowerInvariant(), StringComparer.Ordinal);
}
