using Npgsql;

namespace GpuKMeans.Spatial;

/// <summary>The types of a query's columns as feature columns.</summary>
internal static class QueryColumns
{
    private static readonly Dictionary<string, Func<string, QueryColumn>> _columns = new()
    {
        ["boolean"] = name => new QueryColumn<bool?>(name, (r, i) => r.GetBoolean(i)),
        ["smallint"] = name => new QueryColumn<int?>(name, (r, i) => r.GetInt16(i)),
        ["integer"] = name => new QueryColumn<int?>(name, (r, i) => r.GetInt32(i)),
        ["bigint"] = name => new QueryColumn<long?>(name, (r, i) => r.GetInt64(i)),
        ["real"] = name => new QueryColumn<float?>(name, (r, i) => r.GetFloat(i)),
        ["double precision"] = name => new QueryColumn<double?>(name, (r, i) => r.GetDouble(i)),
        ["text"] = Text,
        ["character varying"] = Text,
        ["character"] = Text,
        ["uuid"] = name => new QueryColumn<Guid?>(name, (r, i) => r.GetGuid(i)),
        ["date"] = name => new QueryColumn<DateOnly?>(name, (r, i) => r.GetFieldValue<DateOnly>(i)),
        ["timestamp without time zone"] = name => new QueryColumn<DateTime?>(name, (r, i) => r.GetDateTime(i)),
        ["timestamp with time zone"] = name => new QueryColumn<DateTimeOffset?>(name, (r, i) => r.GetFieldValue<DateTimeOffset>(i)),
        ["bytea"] = name => new QueryColumn<byte[]>(name, (r, i) => r.GetFieldValue<byte[]>(i)),
    };

    private static readonly Dictionary<string, Func<string, QueryColumn>> _ids = new()
    {
        ["smallint"] = name => new QueryColumn<int>(name, (r, i) => r.GetInt16(i)),
        ["integer"] = name => new QueryColumn<int>(name, (r, i) => r.GetInt32(i)),
        ["bigint"] = name => new QueryColumn<long>(name, (r, i) => r.GetInt64(i)),
        ["uuid"] = name => new QueryColumn<Guid>(name, (r, i) => r.GetGuid(i)),
        ["text"] = Text,
        ["character varying"] = Text,
    };

    public static IEnumerable<string> SupportedTypes => _columns.Keys;

    public static bool IsSupported(string type) => _columns.ContainsKey(type);

    public static bool IsIdType(string type) => _ids.ContainsKey(type);

    public static QueryColumn Ids(string type) => _ids[type](ClusteredFeatures.IdColumn);

    public static QueryColumn For(string name, string type) => _columns[type](name);

    private static QueryColumn<string> Text(string name) => new(name, (r, i) => r.GetString(i));
}

/// <summary>Values of a column of a query, one after another.</summary>
internal abstract class QueryColumn
{
    public abstract void Add(NpgsqlDataReader reader, int ordinal);

    /// <summary>The values so far, after which it is empty again.</summary>
    public abstract FeatureColumn Take();
}

/// <inheritdoc/>
internal sealed class QueryColumn<T>(string name, Func<NpgsqlDataReader, int, T> read) : QueryColumn
{
    private List<T> _values = [];

    public override void Add(NpgsqlDataReader reader, int ordinal) =>
        _values.Add(reader.IsDBNull(ordinal) ? default! : read(reader, ordinal));

    public override FeatureColumn Take()
    {
        List<T> values = _values;
        _values = new List<T>(values.Count);
        return FeatureColumn.Create(name, values);
    }
}
