namespace GpuKMeans.Spatial.Parquet;

/// <summary>How values lie in the file; the numbers are those of the format.</summary>
internal enum PhysicalType
{
    Boolean = 0,
    Int32 = 1,
    Int64 = 2,
    Float = 4,
    Double = 5,
    ByteArray = 6,
    FixedLengthByteArray = 7,
}

/// <summary>What values mean, beyond how they lie in the file.</summary>
internal enum LogicalType
{
    None,
    String,
    Uuid,
    Date,

    /// <summary>Microseconds since 1970-01-01 in UTC: an instant.</summary>
    Instant,

    /// <summary>Microseconds since 1970-01-01 on a clock of unknown zone.</summary>
    LocalTime,
}

/// <summary>The type of a column.</summary>
/// <param name="Physical">How values lie in the file.</param>
/// <param name="Logical">What they mean.</param>
/// <param name="Length">Bytes a value, for <see cref="PhysicalType.FixedLengthByteArray"/> alone.</param>
internal sealed record ParquetType(PhysicalType Physical, LogicalType Logical = LogicalType.None, int Length = 0)
{
    public static ParquetType Boolean { get; } = new(PhysicalType.Boolean);

    public static ParquetType Int32 { get; } = new(PhysicalType.Int32);

    public static ParquetType Int64 { get; } = new(PhysicalType.Int64);

    public static ParquetType Float { get; } = new(PhysicalType.Float);

    public static ParquetType Double { get; } = new(PhysicalType.Double);

    public static ParquetType Binary { get; } = new(PhysicalType.ByteArray);

    public static ParquetType String { get; } = new(PhysicalType.ByteArray, LogicalType.String);

    public static ParquetType Uuid { get; } = new(PhysicalType.FixedLengthByteArray, LogicalType.Uuid, 16);

    public static ParquetType Date { get; } = new(PhysicalType.Int32, LogicalType.Date);

    public static ParquetType Instant { get; } = new(PhysicalType.Int64, LogicalType.Instant);

    public static ParquetType LocalTime { get; } = new(PhysicalType.Int64, LogicalType.LocalTime);
}
