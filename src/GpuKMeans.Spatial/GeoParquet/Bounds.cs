namespace GpuKMeans.Spatial;

/// <summary>The box around coordinates: empty until one is added. Z counts where it is a number.</summary>
internal struct Bounds()
{
    public double MinX { get; private set; } = double.PositiveInfinity;

    public double MinY { get; private set; } = double.PositiveInfinity;

    public double MinZ { get; private set; } = double.PositiveInfinity;

    public double MaxX { get; private set; } = double.NegativeInfinity;

    public double MaxY { get; private set; } = double.NegativeInfinity;

    public double MaxZ { get; private set; } = double.NegativeInfinity;

    public readonly bool IsEmpty => MinX > MaxX;

    public readonly bool HasZ => MinZ <= MaxZ;

    public void Add(double x, double y)
    {
        (MinX, MaxX) = (Math.Min(MinX, x), Math.Max(MaxX, x));
        (MinY, MaxY) = (Math.Min(MinY, y), Math.Max(MaxY, y));
    }

    public void AddZ(double z)
    {
        (MinZ, MaxZ) = (Math.Min(MinZ, z), Math.Max(MaxZ, z));
    }

    public void Add(in Bounds other)
    {
        (MinX, MaxX) = (Math.Min(MinX, other.MinX), Math.Max(MaxX, other.MaxX));
        (MinY, MaxY) = (Math.Min(MinY, other.MinY), Math.Max(MaxY, other.MaxY));
        (MinZ, MaxZ) = (Math.Min(MinZ, other.MinZ), Math.Max(MaxZ, other.MaxZ));
    }
}
