using GpuKMeans.Spatial.Parquet;
using NetTopologySuite.Geometries;

namespace GpuKMeans.Spatial;

/// <summary>The column of geometries as WKB; tells the summary and the covering, if there is one, of each.</summary>
internal sealed class GeometryColumn(
    ParquetLeaf leaf, IReadOnlyList<Geometry?> rows, GeometrySummary summary, BboxCovering? covering)
    : ParquetColumn(leaf)
{
    // Each is asked for once: the summary and the covering count on it.
    public override bool MayRepeat => false;

    protected override int Append(int row, ByteBuffer values)
    {
        Geometry? geometry = rows[row];
        if (geometry is null)
        {
            covering?.Add(null);
            return 0;
        }

        Bounds bounds = GeometryScan.Scan(geometry, row);
        int start = values.Length;
        values.Write(0);
        WkbEncoder.Write(geometry, bounds.HasZ, values, row);
        values.WriteAt(start, values.Length - start - sizeof(int));
        summary.Add(geometry, bounds);
        covering?.Add(bounds);
        return Leaf.MaxDefinitionLevel;
    }
}
