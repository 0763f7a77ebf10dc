using System.Numerics;
using GpuKMeans.Engines.Cuda.Driver;

namespace GpuKMeans.Engines.Cuda;

/// <content>The sums of the rows of each cluster, in an order that depends on the rows alone.</content>
internal sealed partial class CudaEngine
{
    // Of Kernels/sort.cu and Kernels/clusters.cuh.
    private const int DigitBits = 10;
    private const int SortTile = 1024;
    private const int SegmentRows = 128;

    // Up to so many tiles one kernel sorts a batch faster than three.
    private const int BatchTiles = 16;

    /// <summary>Adds a part, by its labels, to the sums over all parts.</summary>
    private void AddSums(in Rows rows, ulong labels) => SumSegments(rows, Sort(rows.Count, labels, default, 0), new SumArgs
    {
        Sums = _work.Sums.Pointer,
        Weights = _work.SumWeights.Pointer,
    });

    /// <summary>
    /// Moves the centres by the labels of a batch, to the running means of all they were given, and rounds them; and sums what was
    /// found for its rows.
    /// </summary>
    private void MoveBy(in Rows rows, int result)
    {
        Clusters clusters = Sort(rows.Count, _work.Labels.Pointer, TotalsOf(rows, 0), _centers.Extremes.Pointer);
        SumSegments(rows, clusters, new SumArgs
        {
            Moves = Moves(toMeans: false, _centers.Extremes.At(CenterBuffers.SeenWord)),
            Rounding = _centers.Rounding,
            Total = TotalOf(rows.Count, withShifts: true, result),
            Moved = _work.Finished.At(_centers.Count),
        });
    }

    private void SumSegments(in Rows rows, in Clusters clusters, SumArgs arguments)
    {
        arguments.Rows = rows;
        arguments.Clusters = clusters;
        arguments.Columns = Math.Min(128, (int)BitOperations.RoundUpToPowerOf2((uint)rows.Dimension));
        _stream.Launch(Kernel.SumSegments, MostSegments(rows.Count), 128, arguments);
    }

    // Each cluster has a segment, and one more for every further 128 rows that are begun.
    private long MostSegments(int rows) => _centers.Count + (rows / SegmentRows);

    private void ClearSums()
    {
        _stream.Fill(_work.Sums.Reserve(_centers.Size), 0, _centers.Size * 2);
        _stream.Fill(_work.SumWeights.Reserve(_centers.Count), 0, _centers.Count * 2);
    }

    /// <summary>Makes room to sort and sum so many rows: all there is to allocate, before anything is queued.</summary>
    private void ReserveSums(int count)
    {
        (int passes, int each) = SortPasses();
        int tiles = (int)Blocks(count, SortTile);
        long segments = MostSegments(count);
        _work.Offsets.Reserve(_centers.Count + 1);
        _work.Extras.Reserve(_centers.Count + 1);
        _work.SegmentSums.Reserve(segments * _centers.Dimension);
        _work.SegmentWeights.Reserve(segments);
        _work.PlacesA.Reserve(count);
        if (passes > 1)
        {
            _work.PlacesB.Reserve(count);
            _work.KeysA.Reserve(count);
            _work.KeysB.Reserve(count);
        }

        if (!SortsAtOnce(passes, tiles))
        {
            _work.DigitCounts.Reserve((long)tiles << each);
            _work.DigitTotals.Reserve(1 << each);
        }
    }

    /// <summary>How often places are sorted, and by how many bits of the label each time.</summary>
    private (int Passes, int Bits) SortPasses()
    {
        int bits = Math.Max(1, 32 - BitOperations.LeadingZeroCount((uint)(_centers.Count - 1)));
        int passes = (bits + DigitBits - 1) / DigitBits;
        return (passes, (bits + passes - 1) / passes);
    }

    private static bool SortsAtOnce(int passes, int tiles) => passes == 1 && tiles <= BatchTiles;

    /// <summary>Sorts places by label, by as many digits as K has, and cuts clusters into segments.</summary>
    /// <param name="count">How many places.</param>
    /// <param name="labels">Their labels.</param>
    /// <param name="totals">What is summed for the rows beside it; default for nothing.</param>
    /// <param name="extremes">Those of the centres, where these move next; or none.</param>
    private Clusters Sort(int count, ulong labels, in BlockTotalsArgs totals, ulong extremes)
    {
        ReserveSums(count);
        (int passes, int each) = SortPasses();
        int tiles = (int)Blocks(count, SortTile), digits = 1 << each;
        long totalsBlocks = totals.Totals == 0 ? 0 : Blocks(count, 1024);
        var clusters = new Clusters
        {
            Offsets = _work.Offsets.Pointer,
            Extras = _work.Extras.Pointer,
            Sums = _work.SegmentSums.Pointer,
            Weights = _work.SegmentWeights.Pointer,
            Finished = _work.Finished.Pointer,
            Count = _centers.Count,
        };
        ulong keys = labels;
        for (int pass = 0; pass < passes; pass++)
        {
            bool even = pass % 2 == 0;
            var arguments = new SortArgs
            {
                TotalsOfRows = totals,
                Clusters = passes == 1 ? clusters : default,
                Keys = keys,
                Places = clusters.Places,
                SortedKeys = passes == 1 ? 0 : (even ? _work.KeysA : _work.KeysB).Pointer,
                SortedPlaces = (even ? _work.PlacesA : _work.PlacesB).Pointer,
                Extremes = pass == passes - 1 ? extremes : 0,
                Count = count,
                Tiles = tiles,
                Shift = pass * each,
                Digits = digits,
            };
            if (SortsAtOnce(passes, tiles))
            {
                _stream.Launch(Kernel.SortBatch, tiles + 1 + totalsBlocks, 256, arguments);
            }
            else
            {
                arguments.Counts = _work.DigitCounts.Pointer;
                arguments.Totals = _work.DigitTotals.Pointer;
                _stream.Launch(Kernel.SortCount, tiles + (pass == 0 ? totalsBlocks : 0), 256, arguments);
                _stream.Launch(Kernel.SortSum, Blocks(digits, 8), 256, arguments);
                _stream.Launch(Kernel.SortPlace, tiles, 256, arguments);
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
        _stream.Launch(Kernel.FindOffsets, Blocks(count + 1, 256), 256, new OffsetsArgs
        {
            SortedKeys = sortedKeys,
            Offsets = clusters.Offsets,
            Count = count,
            Centers = clusters.Count,
        });
        _stream.Launch(Kernel.FindExtras, 1, 1024, new ExtrasArgs
        {
            Offsets = clusters.Offsets,
            Extras = clusters.Extras,
            Centers = clusters.Count,
        });
    }
}
