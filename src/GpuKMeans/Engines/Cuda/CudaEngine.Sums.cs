using System.Numerics;
using GpuKMeans.Engines.Cuda.Driver;

namespace GpuKMeans.Engines.Cuda;

/// <content>The sums of the rows of each cluster, in an order that depends on the rows alone.</content>
internal sealed partial class CudaEngine
{
    // Of Kernels/sort.cu and Kernels/sums.cu.
    private const int DigitBits = 10;
    private const int SortTile = 1024;
    private const int SegmentRows = 128;

    /// <summary>Sums a part by its labels.</summary>
    /// <returns>The sums of segments of clusters, as the kernels that go on with them take them.</returns>
    private Clusters SumPart(in Rows rows, ulong labels)
    {
        int clusters = _centers.Count, dimension = _centers.Dimension;
        (ulong keys, ulong places) = Sort(labels, rows.Count);
        ulong offsets = _work.Offsets.Reserve(clusters + 1), segments = _work.Segments.Reserve(clusters + 1);
        _stream.Launch(Kernel.FindOffsets, Blocks(rows.Count + 1, 256), 256, new OffsetsArgs
        {
            SortedKeys = keys,
            Offsets = offsets,
            Count = rows.Count,
            Centers = clusters,
        });
        _stream.Launch(Kernel.FindSegments, 1, 1024, new SegmentsArgs
        {
            Offsets = offsets,
            Segments = segments,
            Centers = clusters,
            Rows = SegmentRows,
        });

        long most = Blocks(rows.Count, SegmentRows) + Math.Min(clusters, rows.Count);
        var result = new Clusters
        {
            Places = places,
            Offsets = offsets,
            Segments = segments,
            Sums = _work.SegmentSums.Reserve(most * dimension),
            Weights = _work.SegmentWeights.Reserve(most),
            Count = clusters,
        };
        int columns = Math.Min(128, (int)BitOperations.RoundUpToPowerOf2((uint)dimension));
        _stream.Launch(
            Kernel.SumSegments,
            most,
            128,
            new SumArgs { Rows = rows, Clusters = result, Columns = columns },
            blocksY: (int)Blocks(dimension, columns));
        return result;
    }

    private void ClearSums()
    {
        _stream.Fill(_work.Sums.Reserve(_centers.Size), 0, _centers.Size * 2);
        _stream.Fill(_work.SumWeights.Reserve(_centers.Count), 0, _centers.Count * 2);
    }

    private void AddSums(in Clusters clusters) => _stream.Launch(Kernel.AddSums, clusters.Count, 128, new AddArgs
    {
        Clusters = clusters,
        Sums = _work.Sums.Pointer,
        Weights = _work.SumWeights.Pointer,
        Dimension = _centers.Dimension,
    });

    /// <summary>Sorts places by label, by as many digits as K has.</summary>
    private (ulong Keys, ulong Places) Sort(ulong labels, int count)
    {
        int bits = Math.Max(1, 32 - BitOperations.LeadingZeroCount((uint)(_centers.Count - 1)));
        int passes = (bits + DigitBits - 1) / DigitBits, each = (bits + passes - 1) / passes;
        int tiles = (int)Blocks(count, SortTile), digits = 1 << each;
        (ulong keys, ulong places) = (labels, 0UL);
        for (int pass = 0; pass < passes; pass++)
        {
            bool even = pass % 2 == 0;
            var arguments = new SortArgs
            {
                Keys = keys,
                Places = places,
                SortedKeys = (even ? _work.KeysA : _work.KeysB).Reserve(count),
                SortedPlaces = (even ? _work.PlacesA : _work.PlacesB).Reserve(count),
                Counts = _work.DigitCounts.Reserve(tiles * (long)digits),
                Totals = _work.DigitTotals.Reserve(digits),
                Count = count,
                Tiles = tiles,
                Shift = pass * each,
                Digits = digits,
            };
            _stream.Launch(Kernel.SortCount, tiles, 256, arguments);
            _stream.Launch(Kernel.SortSum, Blocks(digits, 8), 256, arguments);
            _stream.Launch(Kernel.SortPlace, tiles, 256, arguments);
            (keys, places) = (arguments.SortedKeys, arguments.SortedPlaces);
        }

        return (keys, places);
    }
}
