using GpuKMeans.Engines.Cuda.Driver;

namespace GpuKMeans.Engines.Cuda;

/// <summary>Memory an engine works in. Each buffer grows to the largest batch it has seen.</summary>
internal sealed class WorkBuffers(DeviceMemory memory)
{
    // Of a batch.
    public DeviceBuffer<long> Index { get; } = new(memory, "the order of rows");
    public DeviceBuffer<float> Listed { get; } = new(memory, "rows read one by one");
    public DeviceBuffer<long> ListedIndex { get; } = new(memory, "which rows are read one by one");
    public DeviceBuffer<int> Labels { get; } = new(memory, "the labels of a batch");
    public DeviceBuffer<float> Distances { get; } = new(memory, "the distances of a batch");
    public DeviceBuffer<ushort> Halves { get; } = new(memory, "a batch in half precision");
    public DeviceBuffer<ulong> Scales { get; } = new(memory, "the scales of a batch");

    public DeviceBuffer<Nearest> Nearest { get; } = new(memory, "the nearest centres of a batch");

    // Rows the fast pass left undecided.
    // Counters for every other part: those of the next are cleared when those of the last have been read.
    public DeviceBuffer<int> UndecidedCounts { get; } = new(memory, "counters");
    public DeviceBuffer<int> UndecidedPlaces { get; } = new(memory, "the list of undecided rows");
    public DeviceBuffer<float> Thresholds { get; } = new(memory, "the thresholds of undecided rows");
    public DeviceBuffer<int> CandidateCounts { get; } = new(memory, "the candidate counts of undecided rows");
    public DeviceBuffer<int> Candidates { get; } = new(memory, "the candidates of undecided rows");

    // Sorting by label, and sums.
    public DeviceBuffer<int> KeysA { get; } = new(memory, "labels being sorted");
    public DeviceBuffer<int> KeysB { get; } = new(memory, "labels being sorted");
    public DeviceBuffer<int> PlacesA { get; } = new(memory, "places being sorted");
    public DeviceBuffer<int> PlacesB { get; } = new(memory, "places being sorted");
    public DeviceBuffer<int> DigitCounts { get; } = new(memory, "counts of digits");
    public DeviceBuffer<int> DigitTotals { get; } = new(memory, "totals of digits");
    public DeviceBuffer<int> Offsets { get; } = new(memory, "where clusters begin");
    public DeviceBuffer<int> Extras { get; } = new(memory, "the segments of clusters");
    public DeviceBuffer<int> Finished { get; } = new(memory, "the segments of clusters that are summed");
    public DeviceBuffer<double> SegmentSums { get; } = new(memory, "the sums of segments");
    public DeviceBuffer<double> SegmentWeights { get; } = new(memory, "the weights of segments");
    public DeviceBuffer<double> Sums { get; } = new(memory, "the sums of clusters");
    public DeviceBuffer<double> SumWeights { get; } = new(memory, "the weights of clusters");

    // What is reported.
    public DeviceBuffer<Total> BlockTotals { get; } = new(memory, "the totals of blocks");
    public DeviceBuffer<Total> Results { get; } = new(memory, "results");
    public DeviceBuffer<ulong> BadRow { get; } = new(memory, "a counter");
    public DeviceBuffer<float> AllDistances { get; } = new(memory, "distances to all centres");

    /// <summary>Frees what grows with the rows that are assigned at once.</summary>
    public void FreeAssigned()
    {
        Labels.Dispose();
        Distances.Dispose();
        Halves.Dispose();
        Scales.Dispose();
        Nearest.Dispose();
        UndecidedPlaces.Dispose();
        Thresholds.Dispose();
        CandidateCounts.Dispose();
        Candidates.Dispose();
        AllDistances.Dispose();
    }
}
