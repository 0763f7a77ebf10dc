using NetTopologySuite.Geometries;
using TorchSharp;
using Tensor = TorchSharp.torch.Tensor;

namespace GpuKMeans.Spatial;

/// <summary>Reads the parts of batches by their names.</summary>
internal sealed class LoaderBatches(LoaderKeys keys)
{
    /// <summary>The vectors of a batch.</summary>
    public Tensor Embeddings(Dictionary<string, Tensor> batch)
    {
        Tensor rows = Part(batch, keys.Embedding);
        using VectorSource check = TensorVectors.Of(rows, "loader");
        return rows;
    }

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
            ReadOnlySpan<double> row = values.AsSpan(i * width, width);
            result[i] = row.ContainsAnyExceptInRange(double.MinValue, double.MaxValue) ? null
                : width == 2 ? new Point(row[0], row[1])
                : GeometryFactory.Default.ToGeometry(new Envelope(row[0], row[2], row[1], row[3]));
        }

        return result;
    }

    /// <summary>A batch as features, in the host's memory.</summary>
    public FeatureBatch Features(Dictionary<string, Tensor> batch)
    {
        using VectorSource rows = TensorVectors.Of(Part(batch, keys.Embedding), "loader");
        float[] vectors = new float[rows.Count * rows.Dimension];
        rows.Read(0, vectors);
        return FeatureBatch.Create(Ids(batch, rows.Count), vectors, Geometries(batch, rows.Count));
    }

    private static Tensor Part(Dictionary<string, Tensor> batch, string key) =>
        batch.TryGetValue(key, out Tensor? part) ? part : throw TensorErrors.NoKey(key, batch.Keys);
}
