using System.Globalization;

namespace GpuKMeans.Spatial;

/// <summary>The one place errors about features, columns and reference systems are worded.</summary>
internal static class SpatialErrors
{
    public static ArgumentException UnsupportedColumnType(string column, Type type) => new(
        $"Column \"{column}\" holds {type}, which is not one of the supported types: "
        + string.Join(", ", FeatureColumn.SupportedTypes.Select(t => t.Name)) + ".",
        "values");

    public static ArgumentException LengthMismatch(string what, long count, string reference, long expected, string parameter) => new(
        $"{what} has {count} entries but there are {expected} {reference}: each row needs exactly one.", parameter);

    public static ArgumentException DuplicateColumn(string name) => new(
        $"Two columns are named \"{name}\": names must differ, also in more than upper and lower case.", "columns");

    public static ArgumentException UnsupportedIdType(Type type) => new(
        $"Ids of type {type} are not supported: use string, int, long or Guid.", "ids");

    public static ArgumentException IdColumnName(string name) => new(
        $"The column of ids is named \"{name}\": it must be named \"{ClusteredFeatures.IdColumn}\".", "ids");

    public static ArgumentException NullId(int row) => new($"The id of row {row} is null: each row needs an id.", "ids");

    public static ArgumentException UnknownCrs(string code, string known) => new(
        $"The coordinate reference system \"{code}\" is not built in. Built in: {known}. Any other can be given by its "
        + $"PROJJSON to {nameof(CoordinateReferenceSystem)}.{nameof(CoordinateReferenceSystem.FromProjJson)}.",
        "crs");

    public static ArgumentException InvalidProjJson(string problem, Exception? inner = null) => new(
        $"The PROJJSON is not a coordinate reference system: {problem}", "projJson", inner);

    public static ArgumentOutOfRangeException UnknownCompression(ParquetCompression compression) => new(
        nameof(GeoParquetOptions.Compression), compression,
        $"Compression must be one of {string.Join(", ", Enum.GetNames<ParquetCompression>())}.");

    public static ArgumentOutOfRangeException RowGroupTooSmall(int rows) => new(
        nameof(GeoParquetOptions.RowGroupSize), rows, "A row group must hold at least 1 row.");

    public static ArgumentException EmptyGeometryColumn() => new(
        "The geometry column needs a name of at least one character.", nameof(GeoParquetOptions.GeometryColumn));

    public static ArgumentException ReservedGeometryColumn(string name, IEnumerable<string> taken) => new(
        $"The geometry column cannot be named \"{name}\": these names are taken, whatever their case: {string.Join(", ", taken)}.",
        nameof(GeoParquetOptions.GeometryColumn));

    public static ArgumentException ReservedColumn(string name, IEnumerable<string> taken) => new(
        $"A further column cannot be named \"{name}\" in a GeoParquet file with geometries: these names are taken, "
        + $"whatever their case: {string.Join(", ", taken)}.",
        "features");

    public static ArgumentException MixedDateTimeKinds(string column, int row, DateTimeKind kind) => new(
        $"Column \"{column}\" mixes instants (DateTime of kind Utc or Local) with times of no zone (Unspecified): row {row} "
        + $"is the first to differ, its kind is {kind}. Use one or the other, or DateTimeOffset.",
        "features");

    public static ArgumentException InvalidText(string column, int row) => new(
        $"The text of column \"{column}\" in row {row} is not valid UTF-16: it has half of a surrogate pair.", "features");

    public static ArgumentException MeasuresNotSupported(int row) => new(
        $"The geometry of row {row} has measures (M), which GeoParquet does not hold: remove them, or keep them in a column.",
        "features");

    public static ArgumentException CoordinateNotFinite(int row, double x, double y, double z) => new(
        string.Create(
            CultureInfo.InvariantCulture,
            $"The geometry of row {row} has the coordinate ({x}, {y}, {z}): X and Y must be finite, Z finite or absent (NaN)."),
        "features");

    public static ArgumentException UnsupportedGeometryType(int row, string type) => new(
        $"The geometry of row {row} is or holds a {type}: only Point, LineString, Polygon, MultiPoint, MultiLineString, "
        + "MultiPolygon and GeometryCollection can be written.",
        "features");

    public static ArgumentException TimesDiffer(string column) => new(
        $"Column \"{column}\" mixes instants (DateTime of kind Utc or Local) with times of no zone (Unspecified, or none at all "
        + "in the first row group). Use one or the other, or DateTimeOffset.",
        "batches");

    public static ArgumentOutOfRangeException SortMemoryTooSmall(long bytes, long least) => new(
        nameof(GeoParquetOptions.SortMemory), bytes, $"SortMemory must be at least {least} bytes.");

    public static ArgumentException NoBatches() => new(
        "There is no batch, so that the columns to write are not known: give at least one, which may have no rows.", "batches");

    public static ArgumentException BatchDiffers(long firstRow, string what) => new(
        $"The batch that begins with row {firstRow} differs from the first one: {what}.", "batches");

    public static ArgumentException InBatch(long firstRow, ArgumentException error) => new(
        $"In the rows from {firstRow} on, counted from there: {error.Message}", "batches", error);

    public static ArgumentException SourceReadOnce() => new(
        "The source can be read only once, and clustering reads it to train and again to label: use MiniBatchKMeans.FitAsync, "
        + "keep the rows where they can be read again, or give a source whose CanRepeat is true.",
        "source");

    public static InvalidDataException SourceChanged(long trained, long labelled) => new(
        $"The source gave {trained} rows in training and {labelled} to be labelled: it must give the same rows each time.");

    public static ArgumentException SourceVectors(long firstRow, int values, int rows, int dimension) => new(
        $"The batch that begins with row {firstRow} has {rows} rows and {values} values in its vectors: {dimension} a row are needed.",
        "vectors");

    public static InvalidOperationException PageTooLarge(long limit) => new(
        $"A value is too large for a Parquet file, whose pages hold at most {limit} bytes.");

    public static IOException FileExists(string path) => new(
        $"The file \"{path}\" exists and {nameof(GeoParquetOptions.Overwrite)} is false.");

    public static IOException TargetIsFolder(string path) => new($"\"{path}\" is a folder: a file's name is needed.");

    public static DirectoryNotFoundException FolderNotFound(string path, string folder) => new(
        $"The file \"{path}\" cannot be written: the folder \"{folder}\" does not exist.");
}
