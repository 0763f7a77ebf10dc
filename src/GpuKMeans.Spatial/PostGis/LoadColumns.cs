namespace GpuKMeans.Spatial.PostGis;

/// <summary>Chooses the table's column for each column of the features.</summary>
internal static class LoadColumns
{
    public static LoadColumn For(FeatureColumn column, bool isNullable, CancellationToken cancellationToken)
    {
        LoadColumn? found = Value<bool>(column, isNullable, PostgresType.Boolean);
        found ??= Value<int>(column, isNullable, PostgresType.Integer);
        found ??= Value<long>(column, isNullable, PostgresType.BigInt);
        found ??= Value<float>(column, isNullable, PostgresType.Real);
        found ??= Value<double>(column, isNullable, PostgresType.Double);
        found ??= Value<Guid>(column, isNullable, PostgresType.Uuid);
        found ??= Value<DateOnly>(column, isNullable, PostgresType.Date);
        found ??= Text(column, isNullable, cancellationToken);
        found ??= Bytes(column, isNullable);
        found ??= Offsets(column, isNullable);
        found ??= Times(column, isNullable, cancellationToken);
        return found ?? throw SpatialErrors.UnsupportedColumnType(column.Name, column.ElementType);
    }

    private static ValueLoadColumn<T>? Value<T>(FeatureColumn column, bool isNullable, PostgresType type)
        where T : struct =>
        Reader<T>(column) is Func<int, T?> read ? new(column.Name, isNullable, type, read) : null;

    private static ReferenceLoadColumn<string>? Text(
        FeatureColumn column, bool isNullable, CancellationToken cancellationToken)
    {
        if (column is not FeatureColumn<string> texts)
        {
            return null;
        }

        for (int row = 0; row < texts.Count; row++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (texts.Values[row] is string text && PostgresText.Flaw(text) is string flaw)
            {
                throw PostGisErrors.UnstorableText(column.Name, row, flaw);
            }
        }

        return new(column.Name, isNullable, PostgresType.Text, texts.Values);
    }

    private static ReferenceLoadColumn<byte[]>? Bytes(FeatureColumn column, bool isNullable) =>
        column is FeatureColumn<byte[]> bytes
            ? new(column.Name, isNullable, PostgresType.Bytea, bytes.Values)
            : null;

    // Npgsql takes only offset zero: PostgreSQL keeps the instant, not the offset.
    private static ValueLoadColumn<DateTime>? Offsets(FeatureColumn column, bool isNullable) =>
        Reader<DateTimeOffset>(column) is Func<int, DateTimeOffset?> read
            ? new(column.Name, isNullable, PostgresType.TimestampTz, row => read(row)?.UtcDateTime)
            : null;

    private static ValueLoadColumn<DateTime>? Times(
        FeatureColumn column, bool isNullable, CancellationToken cancellationToken)
    {
        if (Reader<DateTime>(column) is not Func<int, DateTime?> read)
        {
            return null;
        }

        return DateTimes.AreInstants(column.Name, column.Count, read, cancellationToken)
            ? new(column.Name, isNullable, PostgresType.TimestampTz, row => DateTimes.AsUtc(read(row)))
            : new(column.Name, isNullable, PostgresType.Timestamp, read);
    }

    private static Func<int, T?>? Reader<T>(FeatureColumn column)
        where T : struct => column switch
        {
            FeatureColumn<T> all => row => all.Values[row],
            FeatureColumn<T?> some => row => some.Values[row],
            _ => null,
        };
}
