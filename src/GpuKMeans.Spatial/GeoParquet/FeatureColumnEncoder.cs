using System.Numerics;
using GpuKMeans.Spatial.Parquet;

namespace GpuKMeans.Spatial;

/// <summary>Chooses how the values of a <see cref="FeatureColumn"/> are written as a Parquet column.</summary>
internal static class FeatureColumnEncoder
{
    private static readonly int _epochDay = DateOnly.FromDateTime(DateTime.UnixEpoch).DayNumber;

    /// <summary>The Parquet column of a feature column.</summary>
    /// <param name="column">The values.</param>
    /// <param name="required">That no value is null, whatever the type says.</param>
    public static ParquetColumn Create(FeatureColumn column, bool required = false)
    {
        bool optional = column.IsNullable && !required;
        return column switch
        {
            FeatureColumn<bool> c => Boolean(c, v => v),
            FeatureColumn<bool?> c => Boolean(c, v => v),
            FeatureColumn<int> c => Number<int, int>(c, ParquetType.Int32, v => v),
            FeatureColumn<int?> c => Number<int?, int>(c, ParquetType.Int32, v => v),
            FeatureColumn<long> c => Number<long, long>(c, ParquetType.Int64, v => v),
            FeatureColumn<long?> c => Number<long?, long>(c, ParquetType.Int64, v => v),
            FeatureColumn<float> c => Number<float, float>(c, ParquetType.Float, v => v),
            FeatureColumn<float?> c => Number<float?, float>(c, ParquetType.Float, v => v),
            FeatureColumn<double> c => Number<double, double>(c, ParquetType.Double, v => v),
            FeatureColumn<double?> c => Number<double?, double>(c, ParquetType.Double, v => v),
            FeatureColumn<Guid> c => Uuid(c, v => v),
            FeatureColumn<Guid?> c => Uuid(c, v => v),
            FeatureColumn<DateOnly> c => Number<DateOnly, int>(c, ParquetType.Date, v => v.DayNumber - _epochDay),
            FeatureColumn<DateOnly?> c => Number<DateOnly?, int>(c, ParquetType.Date, v => v?.DayNumber - _epochDay),
            FeatureColumn<DateTime> c => Clock(c, v => v),
            FeatureColumn<DateTime?> c => Clock(c, v => v),
            FeatureColumn<DateTimeOffset> c => Number<DateTimeOffset, long>(c, ParquetType.Instant, v => Micros(v.UtcTicks)),
            FeatureColumn<DateTimeOffset?> c => Number<DateTimeOffset?, long>(c, ParquetType.Instant, v => Micros(v?.UtcTicks)),
            FeatureColumn<string> c => new StringColumn(Leaf(ParquetType.String), c.Values),
            FeatureColumn<byte[]> c => new BinaryColumn(Leaf(ParquetType.Binary), c.Values),
            _ => throw SpatialErrors.UnsupportedColumnType(column.Name, column.ElementType),
        };

        ParquetLeaf Leaf(ParquetType type) => new(column.Name, optional, type);

        BooleanColumn<T> Boolean<T>(FeatureColumn<T> c, Func<T, bool?> value) => new(Leaf(ParquetType.Boolean), c.Values, value);

        UuidColumn<T> Uuid<T>(FeatureColumn<T> c, Func<T, Guid?> value) => new(Leaf(ParquetType.Uuid), c.Values, value);

        NumberColumn<T, TNumber> Number<T, TNumber>(FeatureColumn<T> c, ParquetType type, Func<T, TNumber?> value)
            where TNumber : unmanaged, INumber<TNumber>
            => new(Leaf(type), c.Values, value);

        NumberColumn<T, long> Clock<T>(FeatureColumn<T> c, Func<T, DateTime?> value) => HoldsInstants(c, value)
            ? Number<T, long>(c, ParquetType.Instant, v => Micros(value(v)?.ToUniversalTime().Ticks))
            : Number<T, long>(c, ParquetType.LocalTime, v => Micros(value(v)?.Ticks));
    }

    /// <summary>
    /// Whether a column of DateTime holds instants (kinds Utc and Local) or readings of a clock of unknown zone
    /// (Unspecified): a file says one or the other of a whole column, so both in one are refused.
    /// </summary>
    private static bool HoldsInstants<T>(FeatureColumn<T> column, Func<T, DateTime?> value)
    {
        bool? instants = null;
        for (int row = 0; row < column.Count; row++)
        {
            if (value(column.Values[row]) is DateTime time)
            {
                bool instant = time.Kind != DateTimeKind.Unspecified;
                if (instant != (instants ??= instant))
                {
                    throw SpatialErrors.MixedDateTimeKinds(column.Name, row, time.Kind);
                }
            }
        }

        return instants ?? false;
    }

    private static long? Micros(long? ticks) => ticks is long value ? Micros(value) : null;

    // Rounds down, also before 1970.
    private static long Micros(long ticks) =>
        ticks / TimeSpan.TicksPerMicrosecond - DateTime.UnixEpoch.Ticks / TimeSpan.TicksPerMicrosecond;
}
