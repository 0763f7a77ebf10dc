using System.Data.Common;
using Npgsql;

namespace GpuKMeans.Spatial.PostGis;

/// <summary>Reads what a caller names a database by: an Npgsql connection string or a <c>postgresql://</c> URL.</summary>
internal static class PostgresConnectionString
{
    /// <summary>The same as an Npgsql connection string that Npgsql is known to accept.</summary>
    /// <exception cref="ArgumentException">It cannot be read; the message has no part of a password.</exception>
    public static string Normalize(string connection) =>
        PostgresUrl.IsUrl(connection) ? PostgresUrl.ToConnectionString(connection) : Checked(connection);

    private static string Checked(string connection)
    {
        // Npgsql names the keyword it does not know, which may be the end of a password with a ';' in it.
        var pairs = new DbConnectionStringBuilder();
        try
        {
            pairs.ConnectionString = connection;
        }
        catch (ArgumentException)
        {
            throw ConnectionErrors.Malformed();
        }

        var builder = new NpgsqlConnectionStringBuilder();
        foreach (string keyword in pairs.Keys)
        {
            try
            {
                builder[keyword] = pairs[keyword];
            }
            catch (ArgumentException)
            {
                throw ConnectionErrors.BadKeyword(IsBeforePassword(keyword, connection) ? keyword : null);
            }
        }

        return builder.ConnectionString;
    }

    private static bool IsBeforePassword(string keyword, string connection)
    {
        int password = connection.IndexOf("password", StringComparison.OrdinalIgnoreCase);
        int pwd = connection.IndexOf("pwd", StringComparison.OrdinalIgnoreCase);
        int first = password < 0 ? pwd : pwd < 0 ? password : Math.Min(password, pwd);
        return first < 0 || connection.IndexOf(keyword, StringComparison.OrdinalIgnoreCase) < first;
    }
}
