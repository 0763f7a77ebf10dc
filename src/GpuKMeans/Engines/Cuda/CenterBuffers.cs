using GpuKMeans.Engines.Cuda.Driver;

namespace GpuKMeans.Engines.Cuda;

/// <summary>The centres on the GPU.</summary>
internal sealed class CenterBuffers(DeviceMemory memory)
{
    /// <summary>The number of centres, K.</summary>
    public int Count { get; private set; }

    /// <summary>The number of values in a centre, D.</summary>
    public int Dimension { get; private set; }

    /// <summary>K rounded up to whole tiles of the tensor cores' kernel; 0 where no centres are rounded for it.</summary>
    public int PaddedCount => TileCenters == 0 ? 0 : (Count + TileCenters - 1) / TileCenters * TileCenters;

    /// <summary>The centres of a tile; 0 where none are rounded.</summary>
    public int TileCenters { get; private set; }

    /// <summary>D rounded up to whole steps of the tensor cores.</summary>
    public int PaddedColumns => (Dimension + 15) / 16 * 16;

    /// <summary>The columns of the tiles that the fast pass reads; 0 where it reads none.</summary>
    public int TiledColumns { get; private set; }

    /// <summary>The number of values: K×D.</summary>
    public long Size => Count * (long)Dimension;

    public DeviceBuffer<double> Means { get; } = new(memory, "the means of clusters");
    public DeviceBuffer<float> Values { get; } = new(memory, "the centres");
    public DeviceBuffer<double> Counts { get; } = new(memory, "the counts of clusters");
    public DeviceBuffer<double> Shifts { get; } = new(memory, "the shifts of centres");
    public DeviceBuffer<float> Origin { get; } = new(memory, "the origin");
    public DeviceBuffer<ushort> Halves { get; } = new(memory, "the centres in half precision");
    public DeviceBuffer<ushort> TilesOfHalves { get; } = new(memory, "the centres in half precision");
    public DeviceBuffer<float> HalfSquares { get; } = new(memory, "the lengths of centres");

    /// <summary>The words of <see cref="Extremes"/>.</summary>
    public const int ExtremesWords = 5;

    /// <summary>Which of them is the largest magnitude there was when centres last moved.</summary>
    public const int SeenWord = 4;

    /// <summary>Largest, norm, residual, half square, seen: Extremes of Kernels/centers.cuh.</summary>
    public DeviceBuffer<uint> Extremes { get; } = new(memory, "the extremes of centres");

    /// <summary>Makes room. Where there is none there are no centres.</summary>
    public void Reserve(int count, int dimension, int tileCenters, int tiledColumns)
    {
        try
        {
            ReserveAll(count, dimension, tileCenters, tiledColumns);
        }
        catch
        {
            Count = 0;
            throw;
        }
    }

    /// <summary>The centres as kernels take them.</summary>
    public Centers Arguments => new()
    {
        Values = Values.Pointer,
        Origin = Origin.Pointer,
        Halves = Halves.Pointer,
        TilesOfHalves = TiledColumns > 0 ? TilesOfHalves.Pointer : 0,
        HalfSquares = HalfSquares.Pointer,
        Extremes = Extremes.Pointer,
        Count = Count,
        PaddedColumns = PaddedColumns,
        TiledColumns = TiledColumns,
        Tiles = (Count + 127) / 128,
    };

    /// <summary>How centres are rounded.</summary>
    public Rounding Rounding => new()
    {
        Values = Values.Pointer,
        Origin = Origin.Pointer,
        Halves = PaddedCount > 0 ? Halves.Pointer : 0,
        TilesOfHalves = TiledColumns > 0 ? TilesOfHalves.Pointer : 0,
        HalfSquares = HalfSquares.Pointer,
        Extremes = Extremes.Pointer,
        Count = Count,
        Dimension = Dimension,
        PaddedCount = PaddedCount,
        PaddedColumns = PaddedColumns,
        TiledColumns = TiledColumns,
        TileCenters = TileCenters,
    };

    private void ReserveAll(int count, int dimension, int tileCenters, int tiledColumns)
    {
        (Count, Dimension, TileCenters, TiledColumns) = (count, dimension, tileCenters, tiledColumns);
        if (tiledColumns > 0)
        {
            TilesOfHalves.Reserve(PaddedCount * (long)tiledColumns);
        }

        Means.Reserve(Size);
        Values.Reserve(Size);
        Counts.Reserve(count);
        Shifts.Reserve(count);
        Origin.Reserve(dimension);
        Extremes.Reserve(ExtremesWords);
        if (PaddedCount > 0)
        {
            Halves.Reserve(PaddedCount * (long)PaddedColumns);
            HalfSquares.Reserve(PaddedCount);
        }
    }
}
