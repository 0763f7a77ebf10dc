using NetTopologySuite.Geometries;

namespace GpuKMeans.Spatial;

/// <summary>Rows of many batches, one after another, and the check that the batches have one form.</summary>
internal sealed class FeatureBuffer
{
    private readonly FeatureColumnBuilder _ids;
    private readonly FeatureColumnBuilder[] _columns;
    private readonly CoordinateReferenceSystem? _crs;
    private List<int> _clusterIds = [];
    private List<Geometry?>? _geometries;

    /// <summary>An empty buffer for rows like those of a batch.</summary>
    public FeatureBuffer(ClusteredFeatures form)
    {
        _ids = form.Ids.NewBuilder();
        _columns = [.. form.Columns.Select(column => column.NewBuilder())];
        _crs = form.Crs;
        _geometries = form.Geometries is null ? null : [];
    }

    /// <summary>The rows in the buffer.</summary>
    public int Count => _clusterIds.Count;

    /// <summary>Refuses a batch of another form.</summary>
    /// <param name="batch">The batch.</param>
    /// <param name="firstRow">Its first row, for the error.</param>
    public void Check(ClusteredFeatures batch, long firstRow)
    {
        if (!_ids.Takes(batch.Ids))
        {
            throw SpatialErrors.BatchDiffers(firstRow, $"its ids are {batch.Ids.ElementType.Name}");
        }

        if (batch.Geometries is null != _geometries is null)
        {
            throw SpatialErrors.BatchDiffers(firstRow, batch.Geometries is null ? "it has no geometries" : "it has geometries");
        }

        if (!Equals(batch.Crs, _crs))
        {
            throw SpatialErrors.BatchDiffers(firstRow, "its reference system is another");
        }

        if (batch.Columns.Count != _columns.Length)
        {
            throw SpatialErrors.BatchDiffers(firstRow, $"it has {batch.Columns.Count} further columns and the first has {_columns.Length}");
        }

        for (int i = 0; i < _columns.Length; i++)
        {
            if (!_columns[i].Takes(batch.Columns[i]))
            {
                FeatureColumn column = batch.Columns[i];
                throw SpatialErrors.BatchDiffers(
                    firstRow, $"its further column {i} is \"{column.Name}\", {(column.IsNullable ? "nullable " : "")}{column.ElementType.Name}");
            }
        }
    }

    /// <summary>Adds rows of a batch that was checked.</summary>
    public void Add(ClusteredFeatures batch, int start, int count)
    {
        _ids.Add(batch.Ids, start, count);
        for (int i = 0; i < _columns.Length; i++)
        {
            _columns[i].Add(batch.Columns[i], start, count);
        }

        for (int row = start; row < start + count; row++)
        {
            _clusterIds.Add(batch.ClusterIds.Values[row]);
            _geometries?.Add(batch.Geometries![row]);
        }
    }

    /// <summary>Adds a row that <see cref="Write"/> has written.</summary>
    public void Read(BinaryReader reader)
    {
        _ids.Read(reader);
        _clusterIds.Add(reader.ReadInt32());
        foreach (FeatureColumnBuilder column in _columns)
        {
            column.Read(reader);
        }

        _geometries?.Add(GeometryForm.Read(reader));
    }

    /// <summary>Writes a row of a batch that was checked.</summary>
    public void Write(BinaryWriter writer, ClusteredFeatures batch, int row)
    {
        _ids.Write(writer, batch.Ids, row);
        writer.Write(batch.ClusterIds.Values[row]);
        for (int i = 0; i < _columns.Length; i++)
        {
            _columns[i].Write(writer, batch.Columns[i], row);
        }

        if (_geometries is not null)
        {
            GeometryForm.Write(writer, batch.Geometries![row]);
        }
    }

    /// <summary>The rows as features, after which the buffer is empty again.</summary>
    public ClusteredFeatures Take()
    {
        var features = new ClusteredFeatures(
            _ids.Take(), _clusterIds, _geometries, _crs, [.. _columns.Select(column => column.Take())]);
        _clusterIds = new List<int>(features.Count);
        _geometries = _geometries is null ? null : new List<Geometry?>(features.Count);
        return features;
    }
}
