using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace GpuKMeans.Engines.Cuda;

// What kernels take. Each structure has the fields of the one of the same name in Kernels/, where they are explained.
// Pointers are addresses on the GPU.
[StructLayout(LayoutKind.Sequential)]
internal struct Rows
{
    public ulong Values;
    public ulong Index;
    public ulong Weights;
    public long Start;
    public long Before;
    public int Dimension;
    public int Count;
}

[StructLayout(LayoutKind.Sequential)]
internal struct Centers
{
    public ulong Values;
    public ulong Origin;
    public ulong Halves;
    public ulong TilesOfHalves;
    public ulong HalfSquares;
    public ulong Extremes;
    public ulong Twins;
    public int Count;
    public int PaddedColumns;
    public int TiledColumns;
    public int Tiles;
}

[StructLayout(LayoutKind.Sequential)]
internal struct Undecided
{
    public ulong Count;
    public ulong CountNext;
    public ulong Places;
    public ulong Thresholds;
    public ulong CandidateCounts;
    public ulong Candidates;
}

[StructLayout(LayoutKind.Sequential)]
internal struct AssignArgs
{
    public Rows Rows;
    public Centers Centers;
    public Undecided Undecided;
    public ulong Labels;
    public ulong Distances;
    public ulong BadRow;
    public ulong Halves;
    public ulong Scales;
    public long MostScanned;
    public int Stages;
    public int Parts;
}

[StructLayout(LayoutKind.Sequential)]
internal struct Nearest
{
    public float Best;
    public float Second;
    public float Third;
    public int Label;
    public int Other;
}

[StructLayout(LayoutKind.Sequential)]
internal struct Float32Args
{
    public AssignArgs Assign;
    public ulong Nearest;
}

[StructLayout(LayoutKind.Sequential)]
internal struct Total
{
    public double Inertia;
    public double Weight;
    public double Shift;
    public long Changed;
    public ulong BadRow;
}

[StructLayout(LayoutKind.Sequential)]
internal struct BlockTotalsArgs
{
    public Rows Rows;
    public ulong Distances;
    public ulong Labels;
    public ulong LabelsBefore;
    public ulong Totals;
}

[StructLayout(LayoutKind.Sequential)]
internal struct FinalTotalArgs
{
    public ulong Totals;
    public ulong Shifts;
    public ulong Result;
    public ulong BadRow;
    public long Count;
    public int Centers;
}

[StructLayout(LayoutKind.Sequential)]
internal struct CenterArgs
{
    public ulong Values;
    public ulong Origin;
    public Lengths Lengths;
    public ulong Table;
    public ulong Slots;
    public int SlotsLessOne;
    public int Count;
    public int Dimension;
}

[StructLayout(LayoutKind.Sequential)]
internal struct Lengths
{
    public ulong Each;
    public ulong Finished;
    public ulong Extremes;
    public RowLengths Rows;
}

[StructLayout(LayoutKind.Sequential)]
internal struct Rounding
{
    public ulong Values;
    public ulong Origin;
    public ulong Halves;
    public ulong TilesOfHalves;
    public ulong HalfSquares;
    public ulong Extremes;
    public ulong Table;
    public ulong Slots;
    public ulong Twins;
    public int Count;
    public int Dimension;
    public int PaddedColumns;
    public int TiledColumns;
    public int ValueColumns;
    public int TileCenters;
    public int ByFours;
    public int HalvesEach;
}

[StructLayout(LayoutKind.Sequential)]
internal struct PrepareArgs
{
    public Rounding Rounding;
    public FinalTotalArgs Total;
    public int Centers;
}

[StructLayout(LayoutKind.Sequential)]
internal struct ReseedArgs
{
    public Rows Rows;
    public ulong Clusters;
    public ulong Means;
    public ulong Values;
    public ulong Counts;
    public double Count;
}

[StructLayout(LayoutKind.Sequential)]
internal struct TotalsBeside
{
    public BlockTotalsArgs OfRows;
    public FinalTotalArgs Before;
    public int Blocks;
}

[StructLayout(LayoutKind.Sequential)]
internal struct SortArgs
{
    public TotalsBeside Beside;
    public Clusters Clusters;
    public ulong Keys;
    public ulong Places;
    public ulong SortedKeys;
    public ulong SortedPlaces;
    public ulong Counts;
    public ulong Totals;
    public ulong Extremes;
    public int Count;
    public int PartRows;
    public int Tiles;
    public int Shift;
    public int Digits;
}

[StructLayout(LayoutKind.Sequential)]
internal struct OffsetsArgs
{
    public ulong SortedKeys;
    public ulong Offsets;
    public int Count;
    public int PartRows;
    public int Centers;
}

[StructLayout(LayoutKind.Sequential)]
internal struct ExtrasArgs
{
    public ulong Offsets;
    public ulong Extras;
    public int Centers;
}

[StructLayout(LayoutKind.Sequential)]
internal struct Clusters
{
    public ulong Places;
    public ulong Offsets;
    public ulong Extras;
    public ulong Sums;
    public ulong Weights;
    public ulong Finished;
    public int Count;
    public int PartRows;
    public int Parts;
    public int PartSegments;
}

[StructLayout(LayoutKind.Sequential)]
internal struct StepArgs
{
    public Rows Rows;
    public ulong Labels;
    public Moves Moves;
    public Rounding Rounding;
    public ulong Next;
    public ulong AfterNext;
    public TotalsBeside Beside;
    public int Columns;
}

[StructLayout(LayoutKind.Sequential)]
internal struct SumArgs
{
    public Rows Rows;
    public Clusters Clusters;
    public ulong Sums;
    public ulong Weights;
    public Moves Moves;
    public Rounding Rounding;
    public int Columns;
}

[StructLayout(LayoutKind.Sequential)]
internal struct MoveArgs
{
    public ulong Sums;
    public ulong Weights;
    public Moves Moves;
    public Lengths Lengths;
}

[StructLayout(LayoutKind.Sequential)]
internal struct Moves
{
    public ulong Means;
    public ulong Counts;
    public ulong Shifts;
    public ulong Values;
    public ulong Origin;
    public int Dimension;
    public int Normalize;
    public int ToMeans;
}

[StructLayout(LayoutKind.Sequential)]
internal struct RelocateArgs
{
    public ulong Values;
    public ulong Sums;
    public ulong Weights;
    public double Weight;
    public int From;
    public int To;
    public int Dimension;
}

[StructLayout(LayoutKind.Sequential)]
internal struct OrderArgs
{
    public ulong Index;
    public long Position;
    public ulong Total;
    public uint Key0;
    public uint Key1;
    public uint Key2;
    public uint Key3;
    public int HalfBits;
    public int Count;

    /// <summary>The numbers of the rows at consecutive places of an order.</summary>
    public static OrderArgs Of(in RowOrder order, long position, int count, ulong index) => new()
    {
        Index = index,
        Position = position,
        Total = (ulong)order.Count,
        Key0 = order.Key0,
        Key1 = order.Key1,
        Key2 = order.Key2,
        Key3 = order.Key3,
        HalfBits = order.HalfBits,
        Count = count,
    };
}

[StructLayout(LayoutKind.Sequential)]
internal struct NormalizeArgs
{
    public Rows Rows;
    public ulong BadRow;
}

[StructLayout(LayoutKind.Sequential)]
internal struct GatherArgs
{
    public Rows Rows;
    public ulong Values;
}

[StructLayout(LayoutKind.Sequential)]
internal struct MeasureArgs
{
    public Rows Rows;
    public ulong Members;
    public ulong Distances;
    public ulong Nearest;
    public ulong Origin;
    public ulong Crowded;
    public ulong Marks;
    public long Stride;
    public int MemberCount;
}

/// <summary>What measuring has left of a pool.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct Measured
{
    public ulong Distances;
    public ulong Marks;
    public long Stride;
}

[InlineArray(Seeding.MaxCandidates)]
internal struct Tried
{
    private int _member;
}

[StructLayout(LayoutKind.Sequential)]
internal struct TryArgs
{
    public Measured Measured;
    public ulong Nearest;
    public ulong Weights;
    public ulong Rows;
    public ulong Potentials;
    public ulong Trials;
    public ulong Steps;
    public ulong Finished;
    public long Count;
}

[InlineArray(128)]
internal struct ForMembers<T>
{
    private T _value;
}

[StructLayout(LayoutKind.Sequential)]
internal struct Trial
{
    public double Potential;
    public ForMembers<float> Distances;
}

[StructLayout(LayoutKind.Sequential)]
internal struct Steps
{
    public Tried Tried;
    public int TriedCount;
    public int Trials;
    public int Accepted;
    public int Left;
    public double Potential;
    public int Next;
    public int MemberCount;
    public int ChosenCount;
    public int Unused;
    public ForMembers<int> Chosen;
    public ForMembers<float> Distances;
    public ForMembers<double> Thresholds;
}

[StructLayout(LayoutKind.Sequential)]
internal struct AcceptArgs
{
    public Measured Measured;
    public ulong Weights;
    public ulong Nearest;
    public ulong Sums;
    public long Count;
    public int Accepted;
    public int Unused;
}

[StructLayout(LayoutKind.Sequential)]
internal struct Drawn
{
    public long Row;
    public float Distance;
    public int Unused;
}

[StructLayout(LayoutKind.Sequential)]
internal struct DrawArgs
{
    public ulong Nearest;
    public ulong Weights;
    public ulong Sums;
    public ulong Shares;
    public ulong Drawn;
    public long Count;
}

[StructLayout(LayoutKind.Sequential)]
internal struct DistancesArgs
{
    public Rows Rows;
    public ulong Centers;
    public ulong Distances;
    public int Count;
}
