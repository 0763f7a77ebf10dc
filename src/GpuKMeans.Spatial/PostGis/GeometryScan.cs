using System.Globalization;
using NetTopologySuite.Geometries;

namespace GpuKMeans.Spatial.PostGis;

/// <summary>One pass over the geometries before anything is sent: finds the column's type, refuses what cannot be stored.</summary>
internal sealed class GeometryScan
{
    // PostGIS takes no ring of fewer points; NetTopologySuite does.
    private const int MinRingPoints = 4;

    private string? _kind;
    private bool _hasZ;
    private int _srid;
    private string _sridSource = "";

    private GeometryScan()
    {
    }

    /// <summary>The type that holds all of the geometries, and whether there is any.</summary>
    /// <remarks>
    /// The SRID is that of the reference system; where that has none, the one that the geometries carry themselves.
    /// A geometry that carries another one is refused: its coordinates would be taken for something they are not.
    /// </remarks>
    /// <param name="geometries">The geometries.</param>
    /// <param name="crs">Their reference system, if it is known.</param>
    /// <param name="before">The type that holds all of those of earlier batches, if there were any.</param>
    /// <param name="cancellationToken">Stops the pass.</param>
    public static (GeometryColumnType Type, bool Any) Run(
        IReadOnlyList<Geometry?> geometries,
        CoordinateReferenceSystem? crs,
        GeometryColumnType? before,
        CancellationToken cancellationToken)
    {
        var scan = new GeometryScan();
        if (before is GeometryColumnType type)
        {
            (scan._kind, scan._hasZ, scan._srid) = (type.Kind, type.HasZ, type.Srid);
            scan._sridSource = "the batches before";
        }

        if (crs?.Srid is int srid)
        {
            scan._srid = srid;
            scan._sridSource = "the features' reference system";
        }

        for (int row = 0; row < geometries.Count; row++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (geometries[row] is Geometry geometry)
            {
                scan.Add(geometry, row);
            }
        }

        var all = new GeometryColumnType(scan._kind ?? GeometryColumnType.AnyKind, scan._hasZ, scan._srid);
        return (all, scan._kind is not null);
    }

    private void Add(Geometry geometry, int row)
    {
        string kind = KindOf(geometry, row);
        _kind = _kind is null || _kind == kind ? kind : GeometryColumnType.AnyKind;
        AddSrid(geometry.SRID, row);
        Visit(geometry, row);
    }

    private void AddSrid(int srid, int row)
    {
        // NetTopologySuite has both 0 and -1 for unset.
        if (srid <= 0 || srid == _srid)
        {
            return;
        }

        if (_srid != 0)
        {
            throw PostGisErrors.SridConflict(row, srid, _srid, _sridSource);
        }

        _srid = srid;
        _sridSource = string.Create(CultureInfo.InvariantCulture, $"the geometry of row {row}");
    }

    private void Visit(Geometry geometry, int row)
    {
        switch (geometry)
        {
            case Point point:
                Visit(point.CoordinateSequence, row);
                break;
            case LineString line:
                Visit(line.CoordinateSequence, row);
                break;
            case Polygon polygon:
                VisitRing(polygon.ExteriorRing, row);
                for (int i = 0; i < polygon.NumInteriorRings; i++)
                {
                    VisitRing(polygon.GetInteriorRingN(i), row);
                }

                break;
            case GeometryCollection parts:
                for (int i = 0; i < parts.NumGeometries; i++)
                {
                    KindOf(parts.GetGeometryN(i), row);
                    Visit(parts.GetGeometryN(i), row);
                }

                break;
        }
    }

    private void VisitRing(LineString ring, int row)
    {
        if (ring.NumPoints is > 0 and < MinRingPoints)
        {
            throw PostGisErrors.RingTooShort(row, ring.NumPoints, MinRingPoints);
        }

        Visit(ring.CoordinateSequence, row);
    }

    // NaN is how NetTopologySuite says that a coordinate has no Z or no M, even where its class has room for one.
    private void Visit(CoordinateSequence sequence, int row)
    {
        if (sequence.HasM)
        {
            for (int i = 0; i < sequence.Count; i++)
            {
                if (!double.IsNaN(sequence.GetM(i)))
                {
                    throw PostGisErrors.HasM(row);
                }
            }
        }

        for (int i = 0; !_hasZ && sequence.HasZ && i < sequence.Count; i++)
        {
            _hasZ = !double.IsNaN(sequence.GetZ(i));
        }
    }

    private static string KindOf(Geometry geometry, int row) => geometry switch
    {
        Point => "Point",
        LineString => "LineString",
        Polygon => "Polygon",
        MultiPoint => "MultiPoint",
        MultiLineString => "MultiLineString",
        MultiPolygon => "MultiPolygon",
        GeometryCollection => "GeometryCollection",
        _ => throw PostGisErrors.UnknownGeometryClass(row, geometry.GetType()),
    };
}
