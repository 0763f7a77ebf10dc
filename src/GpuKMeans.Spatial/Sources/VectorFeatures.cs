using System.Runtime.CompilerServices;
using NetTopologySuite.Geometries;

namespace GpuKMeans.Spatial;

/// <summary>Vectors of a source, with ids and geometries that are asked for.</summary>
internal sealed class VectorFeatures<TId>(
    VectorSource vectors, Func<long, TId> id, Func<long, Geometry?>? geometry, CoordinateReferenceSystem? crs)
    : FeatureSource(vectors.Dimension, vectors.Count, canRepeat: true, crs)
{
    private const int BatchRows = 16384;

    public override VectorStream Vectors => VectorStream.From(vectors);

    public override async IAsyncEnumerable<FeatureBatch> ReadAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        for (long start = 0; start < vectors.Count; start += BatchRows)
        {
            cancellationToken.ThrowIfCancellationRequested();
            int count = (int)Math.Min(BatchRows, vectors.Count - start);
            float[] values = new float[count * vectors.Dimension];
            vectors.Read(start, values);
            TId[] ids = new TId[count];
            Geometry?[]? geometries = geometry is null ? null : new Geometry?[count];
            for (int row = 0; row < count; row++)
            {
                ids[row] = id(start + row);
                if (geometries is not null)
                {
                    geometries[row] = geometry!(start + row);
                }
            }

            yield return FeatureBatch.Create(ids, values, geometries);
        }

        await Task.CompletedTask.ConfigureAwait(false);
    }
}
