using System.Numerics.Tensors;
using System.Runtime.CompilerServices;

namespace GpuKMeans.Engines.Cpu;

/// <content>Rows that scores leave uncertain: float64 distances settle them.</content>
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
        float* shifted = scratch.Tiles, scores = scratch.Scores(_panels!.ScoreRoom);
        CheckAndShift(row, shifted);
        _kernel.ScoreRow(shifted, _panels, 0, _panels.PanelCount, scores);
        float best = TensorPrimitives.Max(new ReadOnlySpan<float>(scores, _clusters));
        float threshold = best - _bound.Margin(TensorPrimitives.SumOfSquares(new ReadOnlySpan<float>(shifted, _dimension)), best);
        double nearest = double.PositiveInfinity;
        for (int j = 0; j < _clusters; j++)
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

        if (_blockDistances is not null)
        {
            _blockDistances[row] = SquaredDistance(row);
        }
    }

    /// <summary>Refuses a row that is not finite or too large; else takes the origin from it.</summary>
    private void CheckAndShift(int row, float* shifted)
    {
        var values = new ReadOnlySpan<float>(RowPointers[row], _dimension);
        if (!RowCheck.IsFit(values))
        {
            RowCheck.ThrowNotFinite(values, _blockOrder[_blockStart + row]);
        }

        TensorPrimitives.Subtract(values, new ReadOnlySpan<float>(_origin!.Pointer, _dimension), new Span<float>(shifted, _dimension));
    }
}
