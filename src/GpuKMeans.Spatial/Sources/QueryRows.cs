using NetTopologySuite.Geometries;
using NetTopologySuite.IO;
using Npgsql;

namespace GpuKMeans.Spatial;

/// <summary>Rows of a query as they are read, until a batch of them is taken.</summary>
internal sealed class QueryRows(QueryShape shape, int dimension, int batchSize)
{
    private const int IdOrdinal = 0, VectorOrdinal = 1, GeometryOrdinal = 2;

    private readonly QueryColumn _ids = QueryColumns.Ids(shape.IdType);
    private readonly QueryColumn[] _carried = [.. shape.Carried.Select(column => QueryColumns.For(column.Name, column.Type))];
    private readonly int _firstCarried = shape.HasGeometry ? GeometryOrdinal + 1 : GeometryOrdinal;
    private readonly WKBReader _geometryReader = new();
    private float[] _vectors = new float[batchSize * dimension];
    private List<Geometry?> _geometries = new(batchSize);
    private long _row;

    /// <summary>The rows since the last batch was taken.</summary>
    public int Count { get; private set; }

    public void Add(NpgsqlDataReader reader)
    {
        if (reader.IsDBNull(IdOrdinal))
        {
            throw QueryErrors.NullId(_row);
        }

        _ids.Add(reader, IdOrdinal);
        CopyVector(reader, VectorOrdinal, _vectors.AsSpan(Count * dimension, dimension), _row);
        if (shape.HasGeometry)
        {
            _geometries.Add(reader.IsDBNull(GeometryOrdinal) ? null : _geometryReader.Read(reader.GetFieldValue<byte[]>(GeometryOrdinal)));
        }

        for (int i = 0; i < _carried.Length; i++)
        {
            _carried[i].Add(reader, _firstCarried + i);
        }

        Count++;
        _row++;
    }

    /// <summary>The rows so far, after which it is empty again.</summary>
    public FeatureBatch Take()
    {
        var batch = new FeatureBatch(
            _ids.Take(),
            _vectors.AsMemory(0, Count * dimension),
            shape.HasGeometry ? _geometries : null,
            [.. _carried.Select(column => column.Take())]);
        (_vectors, _geometries, Count) = (new float[batchSize * dimension], new List<Geometry?>(batchSize), 0);
        return batch;
    }

    /// <summary>Copies a row's vector.</summary>
    public static void CopyVector(NpgsqlDataReader reader, int ordinal, Span<float> destination, long row)
    {
        if (reader.IsDBNull(ordinal))
        {
            throw QueryErrors.NullVector(row);
        }

        ArrayBytes.Copy(reader.GetFieldValue<byte[]>(ordinal), destination, row);
    }
}
