using System.Globalization;
using NetTopologySuite.Geometries;
using TorchSharp;
using Tensor = TorchSharp.torch.Tensor;

namespace GpuKMeans.Spatial;

/// <summary>Reads the parts of batches by their names.</summary>
internal sealed class LoaderBatches(LoaderKeys keys)
{
    /// <summary>The vectors of a batch.</summary>
    public Tensor Embeddings(Dictionary<string, Tensor> batch) => Part(batch, keys.Embedding);

    /// <summary>The ids of a batch.</summary>
    public long[] Ids(Dictionary<string, Tensor> batch, long rows)
    {
        using var scope = torch.NewDisposeScope();
        Tensor ids = Part(batch, keys.Id);
        if (ids.dtype is not (torch.ScalarType.Byte or torch.ScalarType.Int8 or torch.ScalarType.Int16
            or torch.ScalarType.Int32 or torch.ScalarType.Int64))
        {
            throw TensorErrors.IdType(ids);
        }

        if (ids.numel() != rows || ids.shape[0] != rows)
        {
            throw TensorErrors.IdShape(ids, rows);
        }

        long[] values = new long[rows];
        HostMemory.Download<long>(ids.to(torch.ScalarType.Int64).contiguous(), values);
        return values;
    }

    /// <summary>The geometries of a batch; null where it has none.</summary>
    public Geometry?[]? Geometries(Dictionary<string, Tensor> batch, long rows)
    {
        if (!batch.TryGetValue(keys.Geometry, out Tensor? geometries))
        {
            return null;
        }

        if (geometries.dim() != 2 || geometries.shape[0] != rows || geometries.shape[1] is not (2 or 4))
        {
            throw TensorErrors.GeometryShape(geometries, rows);
        }

        using var scope = torch.NewDisposeScope();
        int width = (int)geometries.shape[1];
        double[] values = new double[rows * width];
        HostMemory.Download<double>(geometries.detach().cpu().to(torch.ScalarType.Float64).contiguous(), values);
        var result = new Geometry?[rows];
        for (int i = 0; i < rows; i++)
        {
            result[i] = Shape(values.AsSpan(i * width, width), i);
        }

        return result;
    }

    /// <summary>A batch as features, in the host's memory.</summary>
    /// <param name="batch">The batch.</param>
    /// <param name="located">Whether other batches have geometries: then rows of one without any have none each.</param>
    public FeatureBatch Features(Dictionary<string, Tensor> batch, bool located)
    {
        using TensorVectors rows = TensorVectors.Of(Embeddings(batch), "loader");
        Geometry?[]? geometries = Geometries(batch, rows.Count) ?? (located ? new Geometry?[rows.Count] : null);
        return FeatureBatch.Create(Ids(batch, rows.Count), rows.ToArray(), geometries);
    }

    private static Geometry? Shape(ReadOnlySpan<double> values, long row)
    {
        if (!values.ContainsAnyExcept(double.NaN))
        {
            return null;
        }

        if (values.ContainsAnyExceptInRange(double.MinValue, double.MaxValue))
        {
            throw TensorErrors.BadPoint(row, Text(values));
        }

        if (values.Length == 2)
        {
            return new Point(values[0], values[1]);
        }

        return values[0] <= values[2] && values[1] <= values[3]
            ? GeometryFactory.Default.ToGeometry(new Envelope(values[0], values[2], values[1], values[3]))
            : throw TensorErrors.BadBox(row, Text(values));
    }

    private static string Text(ReadOnlySpan<double> values) =>
        string.Join(", ", values.ToArray().Select(value => value.ToString(CultureInfo.InvariantCulture)));

    /// <summary>A part of a batch, by its name.</summary>
    public static Tensor Part(Dictionary<string, Tensor> batch, string key) =>
        batch.TryGetValue(key, out Tensor? part) ? part : throw TensorErrors.NoKey(key, batch.Keys);
}
