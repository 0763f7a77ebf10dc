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
    public int PaddedCount => Tiles.Centers == 0 ? 0 : (Count + Tiles.Centers - 1) / Tiles.Centers * Tiles.Centers;

    /// <summary>How the fast pass reads the centres.</summary>
    public CenterTiles Tiles { get; private set; }

    /// <summary>D rounded up to whole steps of the tensor cores.</summary>
    public int PaddedColumns => (Dimension + 15) / 16 * 16;

    /// <summary>The number of values: K×D.</summary>
    public long Size => Count * (long)Dimension;

    public DeviceBuffer<double> Means { get; } = new(memory, "the means of clusters");
    public DeviceBuffer<float> Values { get; } = new(memory, "the centres");
    public DeviceBuffer<double> Counts { get; } = new(memory, "the counts of clusters");

    /// <summary>How far centres have moved, squared; those of a step and of the one before in turn.</summary>
    public DeviceBuffer<double> Shifts { get; } = new(memory, "the shifts of centres");
    public DeviceBuffer<float> Origin { get; } = new(memory, "the origin");
    public DeviceBuffer<ushort> Halves { get; } = new(memory, "the centres in half precision");
    public DeviceBuffer<ushort> TilesOfHalves { get; } = new(memory, "the centres in half precision");
    public DeviceBuffer<float> HalfSquares { get; } = new(memory, "the lengths of centres");
    public DeviceBuffer<int> Slots { get; } = new(memory, "where the table has centres");
    public DeviceBuffer<int> Twins { get; } = new(memory, "which centres are equal");

    /// <summary>Lengths, and beside each the largest magnitude of a value.</summary>
    public DeviceBuffer<float> EachLength { get; } = new(memory, "the lengths of all centres");

    /// <summary>
    /// Extremes of Kernels/centers.cuh, in turn at one of three places, so that a step may write those of the next while it reads its
    /// own; behind them a counter, and the table of Twins.
    /// </summary>
    public DeviceBuffer<uint> Measured { get; } = new(memory, "the extremes of centres");

    /// <summary>The extremes of the centres as they are.</summary>
    public ulong Extremes => ExtremesIn(0);

    /// <summary>Those in so many turns, up to two.</summary>
    public ulong ExtremesIn(int turns) => Measured.At((_turn + turns) % 3 * ExtremesPitch);

    /// <summary>Has the next extremes count.</summary>
    public void TurnExtremes() => _turn = (_turn + 1) % 3;

    /// <summary>The table of centres by their values.</summary>
    public ulong Table => Measured.At(TableWord);

    /// <summary>Zeros the extremes and the table behind them.</summary>
    public void ClearMeasured(CudaStream stream) => stream.Fill(Measured.Pointer, 0, WordsWithTable);

    /// <summary>Zeros the extremes of the centres as they are.</summary>
    public void ClearExtremes(CudaStream stream) => stream.Fill(Extremes, 0, ExtremesPitch);

    /// <summary>How long the rows are that centres are measured for.</summary>
    public RowLengths RowLengths { get; set; }

    /// <summary>Where lengths are kept until it is known which centres the fast pass leaves out.</summary>
    public Lengths Lengths => new()
    {
        Each = PaddedCount > 0 ? EachLength.Pointer : 0,
        Finished = Measured.At(CounterWord),
        Extremes = Extremes,
        Rows = RowLengths,
    };

    /// <summary>The places of the table: a power of two, and at least half of them stay empty.</summary>
    public int Places => (int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)Count * 2);

    /// <summary>Whether it is known which centres are equal to others: they have not moved since it was found out.</summary>
    public bool KnowsTwins { get; set; }

    // Words from one place of extremes to the next: each has a line of the cache.
    private const int ExtremesPitch = 32;
    private const int CounterWord = 3 * ExtremesPitch;
    private const int TableWord = 4 * ExtremesPitch;
    private const int PlaceWords = 4;

    private int _turn;

    private long WordsWithTable => TableWord + (Places * (long)PlaceWords);

    /// <summary>Says that there are none.</summary>
    public void Forget() => Count = 0;

    /// <summary>The centres as kernels take them.</summary>
    public Centers Arguments => new()
    {
        Values = Values.Pointer,
        Origin = Origin.Pointer,
        Halves = Halves.Pointer,
        TilesOfHalves = Tiles.Columns > 0 ? TilesOfHalves.Pointer : 0,
        HalfSquares = HalfSquares.Pointer,
        Extremes = Extremes,
        Twins = KnowsTwins ? Twins.Pointer : 0,
        Count = Count,
        PaddedColumns = PaddedColumns,
        TiledColumns = Tiles.Columns,
        Tiles = (Count + 127) / 128,
    };

    /// <summary>How centres are rounded.</summary>
    public Rounding Rounding => new()
    {
        Values = Values.Pointer,
        Origin = Origin.Pointer,
        Halves = PaddedCount > 0 ? Halves.Pointer : 0,
        TilesOfHalves = Tiles.Columns > 0 ? TilesOfHalves.Pointer : 0,
        HalfSquares = HalfSquares.Pointer,
        Extremes = Extremes,
        Table = KnowsTwins ? Table : 0,
        Slots = Slots.Pointer,
        Twins = Twins.Pointer,
        Count = Count,
        Dimension = Dimension,
        PaddedColumns = PaddedColumns,
        TiledColumns = Tiles.Columns,
        ValueColumns = Tiles.ValueColumns,
        TileCenters = Tiles.Centers,
        ByFours = Tiles.ByFours ? 1 : 0,
        HalvesEach = Tiles.HalvesEach,
    };

    /// <summary>Makes room.</summary>
    public void Reserve(int count, int dimension, in CenterTiles tiles)
    {
        (Count, Dimension, Tiles, KnowsTwins) = (count, dimension, tiles, false);
        if (tiles.Columns > 0)
        {
            TilesOfHalves.Reserve(PaddedCount * (long)tiles.Columns * tiles.HalvesEach);
        }

        Means.Reserve(Size);
        Values.Reserve(Size);
        Counts.Reserve(count);
        Shifts.Reserve(count * 2L);
        Origin.Reserve(dimension);
        Measured.Reserve(WordsWithTable);
        Slots.Reserve(count);
        Twins.Reserve(count);
        if (PaddedCount > 0)
        {
            Halves.Reserve(PaddedCount * (long)PaddedColumns);
            HalfSquares.Reserve(PaddedCount);
            EachLength.Reserve(count * 2L);
        }
    }
}
