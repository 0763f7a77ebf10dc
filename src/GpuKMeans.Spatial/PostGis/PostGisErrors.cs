using Npgsql;

namespace GpuKMeans.Spatial.PostGis;

/// <summary>The one place errors of the PostGIS exporter are worded. None of them repeats a connection string.</summary>
internal static class PostGisErrors
{
    // Options and names.
    public static ArgumentException UnknownIfExists(IfTableExists value) => new(
        $"IfExists is {(int)value}: it must be {nameof(IfTableExists.Fail)}, {nameof(IfTableExists.Replace)} or "
        + $"{nameof(IfTableExists.Append)}.",
        nameof(PostGisOptions.IfExists));

    public static ArgumentException CommandTimeoutOutOfRange(TimeSpan value) => new(
        $"CommandTimeout is {value}: it must be from 1 second to {PostGisOptions.MaxCommandTimeout.Days} days, or Timeout.InfiniteTimeSpan.",
        nameof(PostGisOptions.CommandTimeout));

    public static ArgumentException NameTooLong(string name, int bytes, string parameter) => new(
        $"The name \"{name}\" has {bytes} bytes in UTF-8: PostgreSQL keeps at most {SqlIdentifier.MaxBytes}.", parameter);

    public static ArgumentException UnstorableName(string name, string flaw, string parameter) => new(
        $"The name \"{name.Replace("\0", "\\0", StringComparison.Ordinal)}\" contains {flaw}, which PostgreSQL cannot keep in a name.",
        parameter);

    public static ArgumentException SystemColumnName(string name) => new(
        $"A column is named \"{name}\", which is one of PostgreSQL's own columns: give it another name.", "features");

    public static ArgumentException GeometryColumnNameTaken(string name) => new(
        $"The geometry column and another column are both named \"{name}\": set PostGisOptions.GeometryColumn to a name "
        + "that differs in more than upper and lower case.",
        nameof(PostGisOptions.GeometryColumn));

    // Values.
    public static ArgumentException UnstorableText(string column, int row, string flaw) => new(
        $"Column \"{column}\", row {row}: the text contains {flaw}, which PostgreSQL cannot store.", "features");

    public static ArgumentException MixedDateTimeKinds(string column, int firstRow, int row, DateTimeKind kind) => new(
        $"Column \"{column}\": the time of row {row} is of kind {kind} but that of row {firstRow} is not; one column holds "
        + "either instants (Utc or Local) or times without a zone (Unspecified).",
        "features");

    public static ArgumentException SridConflict(int row, int srid, int expected, string source) => new(
        $"The geometry of row {row} carries SRID {srid} but {source} says {expected}: one table has one reference system. "
        + "Transform the geometry, or correct its SRID.",
        "features");

    public static ArgumentException HasM(int row) => new(
        $"The geometry of row {row} has M values: only X, Y and Z are supported.", "features");

    public static ArgumentException RingTooShort(int row, int points, int atLeast) => new(
        $"The geometry of row {row} has a ring of {points} points: PostGIS takes rings of {atLeast} or more.", "features");

    public static ArgumentException UnknownGeometryClass(int row, Type type) => new(
        $"The geometry of row {row} is a {type}: points, lines, polygons, their multi forms and collections are supported.",
        "features");

    // The database.
    public static InvalidOperationException NoSchema(string? schema) => new(schema is null
        ? "No schema of the connection's search path exists: set PostGisOptions.Schema, or create one."
        : $"The schema \"{schema}\" does not exist: create it with CREATE SCHEMA, or set PostGisOptions.Schema to another.");

    public static InvalidOperationException NoPostGis() => new(
        "The database has no PostGIS: run CREATE EXTENSION postgis in it as a user who may, or set "
        + "PostGisOptions.CreateExtension.");

    public static InvalidOperationException TableExists(QualifiedName table, string what) => new(
        $"{table.Quoted} exists already: it is {what}. Choose another name, or set PostGisOptions.IfExists to Replace or Append.");

    public static InvalidOperationException NameTakenMeanwhile(QualifiedName table, PostgresException error) => new(
        $"{table.Quoted} exists already, or is just being created by another session: {error.MessageText}.", error);

    public static InvalidOperationException NotATable(QualifiedName table, string what) => new(
        $"{table.Quoted} is {what}: only a table of its own can be replaced, and only a table can be appended to.");

    public static InvalidOperationException NotOwner(QualifiedName table) => new(
        $"{table.Quoted} belongs to another role: only its owner can replace it.");

    public static InvalidOperationException HasDependents(QualifiedName table, IEnumerable<string> dependents) => new(
        $"{table.Quoted} cannot be replaced because these depend on it: {string.Join(", ", dependents)}. Drop them first; "
        + "the table is as it was.");

    public static InvalidOperationException HasDependents(QualifiedName table, PostgresException error) => new(
        $"{table.Quoted} cannot be replaced because other objects depend on it. Drop them first; the table is as it was.",
        error);

    public static InvalidOperationException DoesNotFit(QualifiedName table, IEnumerable<string> differences) => new(
        $"The features do not fit the table {table.Quoted}: {string.Join("; ", differences)}.");

    public static string MissingInTable(string column, string type) =>
        $"the table has no column \"{column}\" ({type})";

    public static string MissingInFeatures(string column, string type) =>
        $"its column \"{column}\" ({type}) is NOT NULL without a default, and the features do not have it";

    public static string GeneratedInTable(string column) =>
        $"its column \"{column}\" is generated and takes no values";

    public static string TypesDiffer(string column, string there, string needed) =>
        $"its column \"{column}\" is {there} where the features need {needed}";

    public static OperationCanceledException Canceled(PostgresException error, CancellationToken token) => new(
        "The export was canceled; nothing was written.", error, token);
}
