namespace GpuKMeans.Spatial;

/// <summary>The one place errors about queries as sources are worded.</summary>
internal static class QueryErrors
{
    public static InvalidOperationException NoColumn(string name, string option, IEnumerable<string> there) => new(
        $"The query has no column \"{name}\" ({option}): its columns are {string.Join(", ", there)}.");

    public static InvalidOperationException IdType(string name, string type) => new(
        $"Column \"{name}\" of the query is of type {type}: ids must be integer, bigint, uuid or text.");

    public static InvalidOperationException GeometryType(string name, string type) => new(
        $"Column \"{name}\" of the query is of type {type} and not PostGIS's geometry.");

    public static InvalidOperationException SeveralGeometries(IEnumerable<string> names) => new(
        $"The query has several columns of geometries, {string.Join(", ", names)}: name one with GeometryColumn, and cast or leave out the others.");

    public static InvalidOperationException CarriedType(string name, string type) => new(
        $"Column \"{name}\" of the query is of type {type}, which cannot be carried along: cast it, leave it out, or set CarryColumns to false. "
        + $"Supported: {string.Join(", ", QueryColumns.SupportedTypes)}.");

    public static InvalidOperationException NoRows() => new("The query has no rows, so that the length of the vectors is not known.");

    public static InvalidDataException NullId(long row) => new($"The id of row {row} of the query is null: each row needs an id.");

    public static InvalidDataException NullVector(long row) => new($"The vector of row {row} of the query is null: each row needs one.");

    public static InvalidDataException VectorLength(long row, int length, int expected) => new(
        $"The vector of row {row} of the query has {length} values and that of the first row has {expected}: all must be of one length.");

    public static InvalidDataException NullInVector(long row) => new(
        $"The vector of row {row} of the query holds a null: each value must be a number.");

    public static InvalidDataException ArrayOfArrays(long row) => new(
        $"The vector of row {row} of the query is an array of arrays: it must be of one dimension.");
}
