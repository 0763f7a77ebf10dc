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

    public static ArgumentException NullId(int row) => new($"The id of row {row} is null: each row needs an id.", "ids");
}
