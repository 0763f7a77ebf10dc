using System.Numerics;
using GpuKMeans.Engines.Cuda.Driver;

namespace GpuKMeans.Engines.Cuda;

/// <content>The sums of the rows of each cluster, in an order that depends on the rows alone.</content>
internal sealed partial class CudaEngine
{
    // Of Kernels/sort.cu and Kernels/clusters.cuh.
    private const int DigitBits = 10;
    private const int SortTile = 1024;
    private const int SortThreads = 256;
    private const int SegmentRows = 128;

    // Up to so many tiles one kernel sorts a batch faster than three.
    private const int BatchTiles = 16;

    // What the sums of the segments of parts that are summed together take, where one part does not take more.
    private const long MostSegmentBytes = 64 << 20;

    // Of Kernels/step.cu.
    private const int MostStepRows = 16384;
    private const int StepThreads = 128;
    private const int MostStepClusterRows = 64;
    private const long MostStepLabels = 1 << 27;

    // What is still to be totalled: the step before; and how many threads total it.
    private FinalTotalArgs _totalBefore;
    private int _totalThreads;

    // As many parts together as there has been room for.
    private int _mostTogether = int.MaxValue;

    /// <summary>Adds rows, by their labels, to the sums over all: part by part, as many as there is room for at once.</summary>
    /// <param name="rows">The rows: the parts follow one another.</param>
    /// <param name="labels">Their labels.</param>
    /// <param name="partRows">The rows of each part but the last.</param>
    private void AddSums(in Rows rows, ulong labels, int partRows)
    {
        int together = PartsTogether(partRows) * partRows;
        for (int first = 0; first < rows.Count; first += together)
        {
            Rows some = Slice(rows, first, Math.Min(together, rows.Count - first));
            SumSegments(some, Sort(some.Count, partRows, labels + ((ulong)first * sizeof(int)), default, 0), new SumArgs
            {
                Sums = _work.Sums.Pointer,
                Weights = _work.SumWeights.Pointer,
            });
        }
    }

    /// <summary>
    /// Moves the centres by the labels of a batch, to the running means of all they were given, and rounds them; and sums what was
    /// found for its rows.
    /// </summary>
    /// <param name="rows">The batch.</param>
    /// <param name="result">Which result it is of the operation: those before it are all there, or queued beside this one.</param>
    private void MoveBy(in Rows rows, int result)
    {
        // A step is totalled beside the next one: its blocks' totals and the shifts stay for so long.
        int half = result % 2;
        BlockTotalsArgs totals = TotalsOf(rows, _work.Distances.Pointer, 0) with
        {
            Totals = _work.BlockTotals.At(half * (_work.BlockTotals.Capacity / 2)),
        };
        var beside = new TotalsBeside { OfRows = totals, Before = _totalBefore, Blocks = (int)Blocks(rows.Count, 1024) };
        ulong shifts = _centers.Shifts.At(half * (long)_centers.Count);
        bool small = IsSmall(rows.Count);
        if (small)
        {
            MoveBySmall(rows, beside, shifts);
        }
        else
        {
            SumSegments(rows, Sort(rows.Count, rows.Count, _work.Labels.Pointer, beside, _centers.Extremes), new SumArgs
            {
                Moves = Moves(toMeans: false) with { Shifts = shifts },
                Rounding = _centers.Rounding,
            });
        }

        _centers.KnowsTwins = false;
        _totalBefore = TotalOf(rows.Count, withShifts: true, result) with { Totals = totals.Totals, Shifts = shifts };
        _totalThreads = small ? StepThreads : SortThreads;
    }

    // Whether each cluster finds the rows of a batch by itself: up to so many columns, and labels looked through, and clusters not so large
    // that one block to each takes longer than the sort.
    private bool IsSmall(int rows) =>
        _centers.Dimension <= StepThreads && rows <= MostStepRows && rows * (long)_centers.Count <= MostStepLabels
        && rows <= _centers.Count * (long)MostStepClusterRows;

    private void MoveBySmall(in Rows rows, in TotalsBeside beside, ulong shifts)
    {
        _stream.Launch(Kernel.StepCenters, _centers.Count + BlocksBeside(beside), StepThreads, new StepArgs
        {
            Rows = rows,
            Labels = _work.Labels.Pointer,
            Moves = Moves(toMeans: false) with { Shifts = shifts },
            Rounding = _centers.Rounding,
            Next = _centers.ExtremesIn(1),
            AfterNext = _centers.ExtremesIn(2),
            Beside = beside,
            Columns = ColumnsFor(rows.Dimension),
        });
        _centers.TurnExtremes();
    }

    private static int BlocksBeside(in TotalsBeside beside) => beside.Blocks + (beside.Before.Result == 0 ? 0 : 1);

    /// <summary>Totals the step before, if that is still to be done.</summary>
    private void TotalLastStep()
    {
        if (_totalBefore.Result != 0)
        {
            // By as many threads as it is done by beside another step of its kind: they add up in the same order.
            _stream.Launch(Kernel.FinalTotal, 1, _totalThreads, _totalBefore);
            _totalBefore = default;
        }
    }

    private void SumSegments(in Rows rows, in Clusters clusters, SumArgs arguments)
    {
        arguments.Rows = rows;
        arguments.Clusters = clusters;
        arguments.Columns = ColumnsFor(rows.Dimension);
        _stream.Launch(Kernel.SumSegments, clusters.PartSegments, 128, arguments, blocksY: clusters.Parts);
    }

    // Threads side by side over a row: sum_columns of Kernels/moves.cuh.
    private static int ColumnsFor(int dimension) =>
        Math.Min(128, (int)BitOperations.RoundUpToPowerOf2((uint)(dimension % 4 == 0 ? dimension / 4 : dimension)));

    // Each cluster has a segment, and one more for every further 128 rows that are begun.
    private int MostSegments(int rows) => _centers.Count + (rows / SegmentRows);

    private int PartsTogether(int partRows)
    {
        long segmentBytes = MostSegments(partRows) * (long)_centers.Dimension * sizeof(double);
        return (int)Math.Clamp(MostSegmentBytes / segmentBytes, 1, Math.Min(_mostTogether, MostAssignRows / partRows));
    }

    private void ClearSums()
    {
        _stream.Fill(_work.Sums.Reserve(_centers.Size), 0, _centers.Size * 2);
        _stream.Fill(_work.SumWeights.Reserve(_centers.Count), 0, _centers.Count * 2);
    }

    /// <summary>Makes room to sort and sum so many rows: all there is to allocate, before anything is queued.</summary>
    /// <param name="count">The rows.</param>
    /// <param name="partRows">The rows of each part but the last.</param>
    private void ReserveSums(int count, int partRows)
    {
        (int passes, int each) = SortPasses();
        int parts = (int)Blocks(count, partRows), tiles = (int)Blocks(Math.Min(count, partRows), SortTile);
        long segments = parts * (long)MostSegments(Math.Min(count, partRows));
        _work.Offsets.Reserve(parts * (_centers.Count + 1L));
        _work.Extras.Reserve(parts * (_centers.Count + 1L));
        _work.SegmentSums.Reserve(segments * _centers.Dimension);
        _work.SegmentWeights.Reserve(segments);
        _work.PlacesA.Reserve(count);
        if (passes > 1)
        {
            _work.PlacesB.Reserve(count);
            _work.KeysA.Reserve(count);
            _work.KeysB.Reserve(count);
        }

        if (!SortsAtOnce(passes, parts, tiles))
        {
            _work.DigitCounts.Reserve((long)parts * tiles << each);
            _work.DigitTotals.Reserve((long)parts << each);
        }
    }

    /// <summary>Makes room to sort and sum all rows: as many parts together as there is room for, which changes no bit.</summary>
    private void ReserveParts(CudaData data)
    {
        int partRows = PartRows(data.Dimension);
        while (true)
        {
            int together = data.IsResident ? PartsTogether(partRows) : 1;
            try
            {
                ReserveSums((int)Math.Min(data.Count, together * (long)partRows), partRows);
                return;
            }
            catch (InsufficientMemoryException) when (together > 1 && data.Count > partRows)
            {
                _mostTogether = (int)Math.Min(together, Blocks(data.Count, partRows)) / 2;
            }
        }
    }

    /// <summary>How often places are sorted, and by how many bits of the label each time.</summary>
    private (int Passes, int Bits) SortPasses()
    {
        int bits = Math.Max(1, 32 - BitOperations.LeadingZeroCount((uint)(_centers.Count - 1)));
        int passes = (bits + DigitBits - 1) / DigitBits;
        return (passes, (bits + passes - 1) / passes);
    }

    private static bool SortsAtOnce(int passes, int parts, int tiles) => passes == 1 && parts == 1 && tiles <= BatchTiles;

    /// <summary>Sorts the places of each part by label, by as many digits as K has, and cuts clusters into segments.</summary>
    /// <param name="count">How many places.</param>
    /// <param name="partRows">The places of each part but the last.</param>
    /// <param name="labels">Their labels.</param>
    /// <param name="beside">What is totalled beside it; default for nothing.</param>
    /// <param name="extremes">Those of the centres, where these move next; or none.</param>
    private Clusters Sort(int count, int partRows, ulong labels, in TotalsBeside beside, ulong extremes)
    {
        ReserveSums(count, partRows);
        partRows = Math.Min(count, partRows);
        (int passes, int each) = SortPasses();
        int parts = (int)Blocks(count, partRows), tiles = (int)Blocks(partRows, SortTile), digits = 1 << each;
        var clusters = new Clusters
        {
            Offsets = _work.Offsets.Pointer,
            Extras = _work.Extras.Pointer,
            Sums = _work.SegmentSums.Pointer,
            Weights = _work.SegmentWeights.Pointer,
            Finished = _work.Finished.Pointer,
            Count = _centers.Count,
            PartRows = partRows,
            Parts = parts,
            PartSegments = MostSegments(partRows),
        };
        ulong keys = labels;
        for (int pass = 0; pass < passes; pass++)
        {
            bool even = pass % 2 == 0;
            var arguments = new SortArgs
            {
                Beside = beside,
                Clusters = passes == 1 ? clusters : default,
                Keys = keys,
                Places = clusters.Places,
                SortedKeys = passes == 1 ? 0 : (even ? _work.KeysA : _work.KeysB).Pointer,
                SortedPlaces = (even ? _work.PlacesA : _work.PlacesB).Pointer,
                Extremes = pass == passes - 1 ? extremes : 0,
                Count = count,
                PartRows = partRows,
                Tiles = tiles,
                Shift = pass * each,
                Digits = digits,
            };
            if (SortsAtOnce(passes, parts, tiles))
            {
                _stream.Launch(Kernel.SortBatch, tiles + 1 + BlocksBeside(beside), SortThreads, arguments);
            }
            else
            {
                arguments.Counts = _work.DigitCounts.Pointer;
                arguments.Totals = _work.DigitTotals.Pointer;
                _stream.Launch(Kernel.SortCount, tiles + (pass == 0 ? BlocksBeside(beside) : 0), SortThreads, arguments, blocksY: parts);
                _stream.Launch(Kernel.SortSum, Blocks(digits, 8), SortThreads, arguments, blocksY: parts);
                _stream.Launch(Kernel.SortPlace, tiles, SortThreads, arguments, blocksY: parts);
            }

            (keys, clusters.Places) = (arguments.SortedKeys, arguments.SortedPlaces);
        }

        if (passes > 1)
        {
            FindClusters(keys, count, clusters);
        }

        return clusters;
    }

    /// <summary>Finds where clusters begin, and their segments, after a sort by several digits.</summary>
    private void FindClusters(ulong sortedKeys, int count, in Clusters clusters)
    {
        var offsets = new OffsetsArgs
        {
            SortedKeys = sortedKeys,
            Offsets = clusters.Offsets,
            Count = count,
            PartRows = clusters.PartRows,
            Centers = clusters.Count,
        };
        _stream.Launch(Kernel.FindOffsets, Blocks(clusters.PartRows + 1, 256), 256, offsets, blocksY: clusters.Parts);
        var extras = new ExtrasArgs
        {
            Offsets = clusters.Offsets,
            Extras = clusters.Extras,
            Centers = clusters.Count,
        };
        _stream.Launch(Kernel.FindExtras, 1, 1024, extras, blocksY: clusters.Parts);
    }
}
