using TorchSharp;
using Tensor = TorchSharp.torch.Tensor;

namespace GpuKMeans;

/// <summary>The one place this project's errors are worded.</summary>
internal static class TensorErrors
{
    public static ArgumentException Rank(Tensor tensor, string name) => new(
        $"The tensor has {tensor.dim()} dimensions ({string.Join('×', tensor.shape)}): rows need two, N×D.", name);

    public static ArgumentException WeightRank(Tensor tensor) => new(
        $"The weights have {tensor.dim()} dimensions ({string.Join('×', tensor.shape)}): one is needed, with a weight a row.", "weights");

    public static ArgumentException NoColumns(Tensor tensor, string name) => new(
        $"The tensor is {string.Join('×', tensor.shape)}: a row needs at least one value.", name);

    public static ArgumentException TooManyColumns(Tensor tensor, string name) => new(
        $"The tensor is {string.Join('×', tensor.shape)}: a row can have at most {int.MaxValue} values.", name);

    public static ArgumentException Type(Tensor tensor, string name) => new(
        $"The tensor is of type {tensor.dtype}: Float32, Float64, Float16 or BFloat16 is needed.", name);

    public static ArgumentException Sparse(string name) => new("The tensor is sparse: call to_dense() first.", name);

    public static ArgumentException NoKey(string key, IEnumerable<string> keys) => new(
        $"The batch has no \"{key}\"; it has {string.Join(", ", keys.Select(name => $"\"{name}\""))}.", "loader");

    public static ArgumentException NoBatches() => new("The loader gave no rows.", "loader");

    public static ArgumentException OtherDimension(long dimension, long expected) => new(
        $"A batch has rows of {dimension} values, the first one's have {expected}: all need the same.", "loader");

    public static ArgumentException OtherDevice(torch.Device device, torch.Device expected) => new(
        $"A batch is on {device}, the first one on {expected}: all need to be on one.", "loader");

    public static ArgumentException BadPoint(long row, string values) => new(
        $"The geometry of row {row} of the batch is {values}: finite numbers are needed, or NaN alone for a row that has none.", "loader");

    public static ArgumentException BadBox(long row, string values) => new(
        $"The box of row {row} of the batch is {values}: its least x and y come first, then its greatest.", "loader");

    public static ArgumentException TooFewRows(long rows, int clusters) => new(
        $"The loader gave {rows} rows and ClusterCount is {clusters}: at least one row a cluster is needed.", "loader");

    public static ArgumentException IdShape(Tensor ids, long rows) => new(
        $"The ids are {string.Join('×', ids.shape)} for {rows} rows: one whole number a row is needed.", "loader");

    public static ArgumentException IdType(Tensor ids) => new(
        $"The ids are of type {ids.dtype}: a type of whole numbers is needed.", "loader");

    public static ArgumentException GeometryShape(Tensor geometries, long rows) => new(
        $"The geometries are {string.Join('×', geometries.shape)} for {rows} rows: N×2 (x, y) or N×4 (least x and y, greatest x and y) is needed.",
        "loader");
}
