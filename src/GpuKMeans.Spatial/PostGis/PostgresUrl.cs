using System.Globalization;
using System.Text;

namespace GpuKMeans.Spatial.PostGis;

/// <summary>Reads the URLs that PostgreSQL's own clients take: <c>postgresql://user:password@host:port/database?options</c>.</summary>
/// <remarks>
/// Every part is percent-decoded on its own. Several hosts are separated by commas. A host that starts with a slash is
/// the folder of a Unix socket. The option names are libpq's (<see cref="PostgresUrlOptions"/>), and an option such as
/// <c>host</c> goes before the same part of the URL.
/// </remarks>
internal static class PostgresUrl
{
    private static readonly string[] Schemes = ["postgresql://", "postgres://"];
    private static readonly UTF8Encoding StrictUtf8 = new(false, throwOnInvalidBytes: true);

    public static bool IsUrl(string connection) => Scheme(connection) is not null;

    /// <summary>The Npgsql connection string that means the same.</summary>
    /// <exception cref="ArgumentException">The URL cannot be read; the message has no part of a password.</exception>
    public static string ToConnectionString(string url)
    {
        string rest = url[Scheme(url)!.Length..];
        if (rest.Contains('#'))
        {
            throw ConnectionErrors.Fragment();
        }

        (string location, string? query) = Cut(rest, '?');
        (string authority, string? database) = Cut(location, '/');
        int at = authority.LastIndexOf('@');

        // An unescaped password with a slash in it looks like a host and a path, which messages may show.
        if (rest.LastIndexOf('@') != at)
        {
            throw ConnectionErrors.StrayAt();
        }

        var parts = new PostgresUrlParts();
        if (at >= 0)
        {
            (string user, string? password) = Cut(authority[..at], ':');
            parts.Username = Decode(user, "user name");
            parts.Password = password is null ? null : Decode(password, "password");
        }

        SetHosts(parts, authority[(at + 1)..]);
        parts.Database = database is null ? null : Decode(database, "database");
        SetOptions(parts, query ?? "");
        return parts.ToConnectionString();
    }

    private static string? Scheme(string connection) =>
        Array.Find(Schemes, scheme => connection.StartsWith(scheme, StringComparison.OrdinalIgnoreCase));

    private static void SetHosts(PostgresUrlParts parts, string hosts)
    {
        if (hosts.Length == 0)
        {
            return;
        }

        foreach (string entry in hosts.Split(','))
        {
            // The colons of an IPv6 address stand within its brackets.
            int bracket = entry.LastIndexOf(']');
            int colon = entry.IndexOf(':', bracket + 1);
            string host = colon < 0 ? entry : entry[..colon];
            bool bracketed = host.StartsWith('[');
            if (bracketed != host.EndsWith(']') || (!bracketed && host.AsSpan().ContainsAny('[', ']')))
            {
                throw ConnectionErrors.BadHost();
            }

            parts.Hosts.Add(Decode(bracketed ? host[1..^1] : host, "host"));
            parts.Ports.Add(colon < 0 ? "" : entry[(colon + 1)..]);
        }
    }

    private static void SetOptions(PostgresUrlParts parts, string query)
    {
        bool afterPassword = false;
        foreach (string pair in query.Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            (string rawName, string? value) = Cut(pair, '=');
            string name = Decode(rawName, "option name");
            if (PostgresUrlOptions.Find(name) is not Action<PostgresUrlParts, string> set)
            {
                // It may be the rest of a password with an unescaped '&'.
                throw ConnectionErrors.UnknownOption(afterPassword ? null : name);
            }

            set(parts, Decode(value ?? "", "option value"));
            afterPassword |= name is "password" or "sslpassword";
        }
    }

    private static (string Before, string? After) Cut(string text, char separator)
    {
        int at = text.IndexOf(separator, StringComparison.Ordinal);
        return at < 0 ? (text, null) : (text[..at], text[(at + 1)..]);
    }

    // A plus sign is a plus sign: this is a URL, not a form.
    private static string Decode(string text, string part)
    {
        byte[] escaped = Encoding.UTF8.GetBytes(text);
        var bytes = new List<byte>(escaped.Length);
        for (int i = 0; i < escaped.Length; i++)
        {
            byte value = escaped[i];
            if (value == '%')
            {
                ReadOnlySpan<byte> digits = escaped.AsSpan(i + 1, Math.Min(2, escaped.Length - i - 1));
                if (digits.Length < 2
                    || !byte.TryParse(digits, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out value)
                    || value == 0)
                {
                    throw ConnectionErrors.BadPercent(part);
                }

                i += 2;
            }

            bytes.Add(value);
        }

        try
        {
            return StrictUtf8.GetString([.. bytes]);
        }
        catch (DecoderFallbackException)
        {
            throw ConnectionErrors.BadPercent(part);
        }
    }
}
