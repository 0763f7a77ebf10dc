using NetTopologySuite.Geometries;

namespace GpuKMeans.Spatial;

/// <summary>Places on a Hilbert curve, near each other where geometries are.</summary>
/// <remarks>
/// The curve runs over the bits of the coordinates as floating-point numbers, whose order is that of the numbers: no box
/// around all rows need be known before the first is placed. A stretch of the curve is covered by a few rectangles all the
/// same, which is what readers skip by. Sign, exponent and 20 bits of the fraction decide: within a part in a million.
/// </remarks>
internal static class HilbertOrder
{
    private const int Order = 32;

    /// <summary>The place of a geometry: that of the middle of its box; the first of all where there is none.</summary>
    public static ulong PlaceOf(Geometry? geometry)
    {
        if (geometry is null || geometry.IsEmpty)
        {
            return 0;
        }

        Envelope box = geometry.EnvelopeInternal;
        return Place(Bits((box.MinX / 2) + (box.MaxX / 2)), Bits((box.MinY / 2) + (box.MaxY / 2)));
    }

    /// <summary>Features in the order of their places; at one place, in the order given.</summary>
    public static ClusteredFeatures Sort(ClusteredFeatures features)
    {
        if (features.Geometries is null)
        {
            return features;
        }

        ulong[] places = new ulong[features.Count];
        int[] rows = new int[features.Count];
        for (int row = 0; row < rows.Length; row++)
        {
            (places[row], rows[row]) = (PlaceOf(features.Geometries[row]), row);
        }

        // Equal places keep their order: the rows' numbers are part of the key.
        Array.Sort(rows, (a, b) => places[a] != places[b] ? places[a].CompareTo(places[b]) : a.CompareTo(b));
        var buffer = new FeatureBuffer(features);
        foreach (int row in rows)
        {
            buffer.Add(features, row, 1);
        }

        return buffer.Take();
    }

    // Negative numbers count downwards: flipping them gives one order for all.
    private static uint Bits(double value)
    {
        long bits = BitConverter.DoubleToInt64Bits(value);
        ulong ordered = bits < 0 ? ~(ulong)bits : (ulong)bits | (1UL << 63);
        return (uint)(ordered >> 32);
    }

    // Hilbert, 1891; from the highest bits to the lowest, turning the square that the rest lies in.
    private static ulong Place(uint x, uint y)
    {
        ulong place = 0;
        for (int bit = Order - 1; bit >= 0; bit--)
        {
            uint right = (x >> bit) & 1, up = (y >> bit) & 1;
            place = (place << 2) | ((3 * right) ^ up);
            if (up == 0)
            {
                if (right == 1)
                {
                    (x, y) = (~x, ~y);
                }

                (x, y) = (y, x);
            }
        }

        return place;
    }
}
