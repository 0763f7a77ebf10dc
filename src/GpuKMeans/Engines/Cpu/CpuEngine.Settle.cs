using System.Numerics.Tensors;
using System.Runtime.CompilerServices;

namespace GpuKMeans.Engines.Cpu;

/// <content>Rows that float32 scores leave uncertain: float64 distances settle them.</content>
internal sealed unsafe partial class CpuEngine
{
    private const int SettleRows = 4;

    private readonly Action<int, int> _settleUnit;

    /// <summary>Settles a few uncertain rows.</summary>
    private void SettleUnit(int unit, int slot)
    {
        int first = unit * SettleRows, end = Math.Min(first + SettleRows, _uncertainRows);
        for (int i = first; i < end; i++)
        {
            Settle(_uncertain!.Pointer[i], ScratchOf(slot));
        }
    }

    /// <summary>Finds the nearest centre of a row in float64, among those whose score is near the best.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Settle(int row, Scratch scratch)
    {
        var span = new ReadOnlySpan<float>(RowPointers[row], _dimension);
        if (!RowCheck.IsFit(span))
        {
            RowCheck.ThrowNotFinite(span, _blockOrder[_blockStart + row]);
        }

        float* shifted = scratch.Tiles, scores = scratch.Scores(_panels!.ScoreRoom);
        Shift(row, shifted);
        _kernel.ScoreRow(shifted, _panels, 0, _panels.PanelCount, scores);
        float best = TensorPrimitives.Max(new ReadOnlySpan<float>(scores, _clusters));
        float threshold = best - _bound.Margin(TensorPrimitives.SumOfSquares(new ReadOnlySpan<float>(shifted, _dimension)), best);
        double nearest = double.PositiveInfinity;
        NearestOf(row, 0, _clusters, scores, threshold, ref nearest);
        if (_blockDistances is not null)
        {
            _blockDistances[row] = SquaredDistance(row);
        }
    }

    private void Shift(int row, float* shifted) => TensorPrimitives.Subtract(
        new ReadOnlySpan<float>(RowPointers[row], _dimension),
        new ReadOnlySpan<float>(_origin!.Pointer, _dimension),
        new Span<float>(shifted, _dimension));

    /// <summary>Gives a row the nearest of consecutive centres whose score reaches a threshold, if it is nearer than what was found.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void NearestOf(int row, int first, int end, float* scores, float threshold, ref double nearest)
    {
        for (int j = first; j < end; j++)
        {
            if (scores[j] >= threshold)
            {
                double exact = Distance.SquaredExact(RowPointers[row], Center(j), _dimension);
                if (exact < nearest)
                {
                    nearest = exact;
                    _blockLabels[row] = j;
                }
            }
        }
    }
}
