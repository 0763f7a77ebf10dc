using System.Collections.Immutable;
using NpgsqlTypes;

namespace GpuKMeans.Spatial.PostGis;

/// <summary>A column type: its SQL name, how Npgsql writes it, and the server's names of the types that read the same bytes.</summary>
internal sealed record PostgresType(string Sql, NpgsqlDbType DbType, ImmutableArray<string> Readers)
{
    public static readonly PostgresType Boolean = new("boolean", NpgsqlDbType.Boolean, ["bool"]);
    public static readonly PostgresType Integer = new("integer", NpgsqlDbType.Integer, ["int4"]);
    public static readonly PostgresType BigInt = new("bigint", NpgsqlDbType.Bigint, ["int8"]);
    public static readonly PostgresType Real = new("real", NpgsqlDbType.Real, ["float4"]);
    public static readonly PostgresType Double = new("double precision", NpgsqlDbType.Double, ["float8"]);
    public static readonly PostgresType Text = new("text", NpgsqlDbType.Text, ["text", "varchar"]);
    public static readonly PostgresType Uuid = new("uuid", NpgsqlDbType.Uuid, ["uuid"]);
    public static readonly PostgresType Date = new("date", NpgsqlDbType.Date, ["date"]);
    public static readonly PostgresType Bytea = new("bytea", NpgsqlDbType.Bytea, ["bytea"]);

    public static readonly PostgresType Timestamp =
        new("timestamp without time zone", NpgsqlDbType.Timestamp, ["timestamp"]);

    public static readonly PostgresType TimestampTz =
        new("timestamp with time zone", NpgsqlDbType.TimestampTz, ["timestamptz"]);
}
