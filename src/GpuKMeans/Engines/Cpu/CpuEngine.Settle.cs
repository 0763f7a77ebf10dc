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
        float* values = RowPointers[row];
        var span = new ReadOnlySpan<float>(values, _dimension);
        if (!RowCheck.IsFit(span))
        {
            RowCheck.ThrowNotFinite(span, _blockOrder[_blockStart + row]);
        }

        TensorPrimitives.Subtract(
            span, new ReadOnlySpan<float>(_origin!.Pointer, _dimension), new Span<float>(scratch.Tiles, _dimension));
        float* scores = scratch.Scores(_panels!.ScoreRoom);
        _kernel.ScoreRow(scratch.Tiles, _panels, scores);

        float threshold = _thresholds!.Pointer[row];
        double nearest = double.PositiveInfinity;
        for (int j = 0; j < _clusters; j++)
        {
            if (scores[j] >= threshold)
            {
                double exact = Distance.SquaredExact(values, Center(j), _dimension);
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
}
