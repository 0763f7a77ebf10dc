using NetTopologySuite.Geometries;

namespace GpuKMeans.Spatial;

/// <summary>Reads the coordinates of one geometry once: its box, whether it has Z, and what a file cannot hold.</summary>
/// <remarks>
/// A geometry has Z when the Z of any of its coordinates is a number. Whether its sequences have room for Z says little:
/// empty geometries have it as a rule, and so have results of overlays of flat data, filled with NaN.
/// </remarks>
internal sealed class GeometryScan : IEntireCoordinateSequenceFilter
{
    private readonly int _row;
    private Bounds _bounds = new();

    private GeometryScan(int row) => _row = row;

    /// <inheritdoc/>
    public bool Done => false;

    /// <inheritdoc/>
    public bool GeometryChanged => false;

    /// <summary>The box of a geometry, empty for an empty one.</summary>
    /// <exception cref="ArgumentException">A coordinate has an M, or is not finite; the message names the row.</exception>
    public static Bounds Scan(Geometry geometry, int row)
    {
        var scan = new GeometryScan(row);
        geometry.Apply(scan);
        return scan._bounds;
    }

    /// <inheritdoc/>
    public void Filter(CoordinateSequence seq)
    {
        for (int i = 0; i < seq.Count; i++)
        {
            double x = seq.GetX(i);
            double y = seq.GetY(i);
            double z = seq.GetZ(i);
            if (!double.IsFinite(x) || !double.IsFinite(y) || double.IsInfinity(z))
            {
                throw SpatialErrors.CoordinateNotFinite(_row, x, y, z);
            }

            if (!double.IsNaN(seq.GetM(i)))
            {
                throw SpatialErrors.MeasuresNotSupported(_row);
            }

            _bounds.Add(x, y);
            if (!double.IsNaN(z))
            {
                _bounds.AddZ(z);
            }
        }
    }
}
