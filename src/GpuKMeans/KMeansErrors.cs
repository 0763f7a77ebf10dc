namespace GpuKMeans;

/// <summary>The one place the core's errors are worded: what was given, where, and what is allowed.</summary>
internal static class KMeansErrors
{
    public static ArgumentException NotWholeRows(int length, int dimension, string name) => new(
        $"{length} values are no whole number of rows of {dimension}.", name);

    public static ArgumentOutOfRangeException RowsOutside(long start, int rows, long count) => new(
        nameof(start), start, $"{rows} rows from row {start} on were asked for and there are {count} rows, from row 0.");

    public static ArgumentException NoColumns() => new("The array has no columns: a row needs at least one value.", "rows");

    public static ArgumentException RaggedRow(int row, int? length, int expected) => new(
        length is null
            ? $"Row {row} is null: each row must hold {expected} values, as row 0 does."
            : $"Row {row} holds {length} values and row 0 holds {expected}: all rows must be of one length.",
        "rows");

    public static InvalidDataException BadVectorFile(string path, string why) => new($"\"{path}\" cannot be read: {why}.");

    public static NotSupportedException UnknownFormat(string path) => new(
        $"\"{path}\" is of no known format: names end in .npy, .fvecs, .bvecs, .fbin or .u8bin.");

    public static ArgumentException NoFiles() => new("No files were given: at least one is needed.", "paths");

    public static InvalidDataException BatchLength(long row, int length, int dimension) => new(
        $"The batch that begins with row {row} of the stream has {length} values, which are no whole number of rows of {dimension}.");

    public static InvalidDataException BatchColumns(long row, int columns, int dimension) => new(
        $"The batch that begins with row {row} of the stream has {columns} columns; {dimension} were said.");

    public static InvalidDataException StreamChanged(long before, long now) => new(
        $"The stream gave {before} rows when it was first read and {now} when it was read again: "
        + "it must give the same rows each time, or say that it cannot be repeated.");

    public static ArgumentException SampleTooLarge(long rows, long room) => new(
        $"InitializationSampleSize is {rows} and {room} rows of the stream are held in memory at a time: "
        + "sample fewer rows, or raise StreamOptions.MemoryLimit.",
        "data");

    public static ArgumentOutOfRangeException MemoryTooSmall(long limit, long needed) => new(
        nameof(StreamOptions.MemoryLimit), limit, $"MemoryLimit is {limit} bytes; {needed} are needed, for two blocks of a batch, and of a row a cluster, each.");

    public static ArgumentException CheckpointOfAttempts(int count) => new(
        $"InitializationCount is {count}: KMeans keeps a checkpoint of one attempt only. Set it to 1, or CheckpointPath to null.",
        nameof(KMeansOptions.CheckpointPath));

    public static InvalidDataException BadCheckpoint(string path, string why) => new(
        $"The checkpoint \"{path}\" cannot be resumed from: {why}.");

    public static InvalidOperationException OtherCheckpoint(string path, string what, string there, string here) => new(
        $"The checkpoint \"{path}\" is of another fit: {what} is {there} there and {here} here. "
        + "Name another file, or delete this one to begin anew.");

    public static ArgumentOutOfRangeException OutOfRange(string option, object? value, string allowed) => new(
        option, value, $"{option} is {value}; it must be {allowed}.");

    public static ArgumentException TooFewRows(long rows, int clusters) => new(
        $"There are {rows} rows and ClusterCount is {clusters}: at least one row a cluster is needed.", "data");

    public static ArgumentException TooFewWeightedRows(long rows, int clusters) => new(
        $"{rows} rows have a weight above 0 and ClusterCount is {clusters}: at least one such row a cluster is needed.",
        "weights");

    public static ArgumentException NotFinite(long row, int column, float value) => new(
        $"Row {row}, column {column} is {value}: all values must be finite.", "data");

    public static ArgumentException ZeroRow(long row) => new(
        $"Row {row} is all zeros and has no direction: Metric.Cosine cannot place it.", "data");

    public static ArgumentException TooLarge(long row) => new(
        $"Row {row} has values so large that its squared distances exceed float32's range (about 3.4e38): scale the data down.",
        "data");

    public static ArgumentException BadWeight(long row, float value) => new(
        $"The weight of row {row} is {value}: weights must be finite and at least 0.", "weights");

    public static ArgumentException WeightCount(long weights, long rows) => new(
        $"There are {weights} weights and {rows} rows: give one weight a row, or none.", nameof(weights));

    public static ArgumentException CentersTooLarge(int clusters, int dimension) => new(
        $"{clusters} clusters of {dimension} columns are {(long)clusters * dimension} values, more than one array can hold ({Array.MaxLength}).",
        "data");

    public static ArgumentException DimensionMismatch(int given, int expected) => new(
        $"The rows have {given} columns and the centres have {expected}.", "data");

    public static ArgumentException CentersShape(int rows, int columns, int clusters, int? dimension) => new(
        dimension is null
            ? $"The given centres are {rows}×{columns} and ClusterCount is {clusters}: one centre a cluster is needed."
            : $"The given centres are {rows}×{columns}; {clusters}×{dimension} is needed, for ClusterCount is {clusters} and the rows have {dimension} columns.",
        "Initialization");

    public static ArgumentException CenterNotFinite(int row, int column, float value) => new(
        $"Given centre {row}, column {column} is {value}: all values must be finite.", "Initialization");

    public static ArgumentException CenterTooLarge(int row) => new(
        $"Given centre {row} has values so large that squared distances exceed float32's range (about 3.4e38).",
        "Initialization");

    public static ArgumentException CenterIsZero(int row) => new(
        $"Given centre {row} is all zeros and has no direction: Metric.Cosine cannot use it.", "Initialization");

    public static InvalidOperationException NotFitted() => new("The model is not fitted yet: call Fit or PartialFit first.");

    public static InvalidOperationException NoLabels(string why) => new($"There are no labels: {why}.");

    public static ArgumentException TooManyLabels(long rows) => new(
        $"{rows} rows have more labels than one array can hold ({Array.MaxLength}): set ComputeLabels to false and call Predict on parts.",
        "data");

    public static InvalidDataException BadModel(string why) => new($"This is not a usable k-means model: {why}.");

    public static InvalidOperationException UnknownKernel(string variable, string name, string available) => new(
        $"The environment variable {variable} is \"{name}\"; this machine has {available}.");
}
