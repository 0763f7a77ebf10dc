using System.Numerics.Tensors;

using System.Runtime.CompilerServices;

namespace GpuKMeans.Engines.Cpu;

/// <content>Moving the centres once the sums of their rows are known.</content>
internal sealed unsafe partial class CpuEngine
{
    private readonly Action<int, int> _moveUnit;
    private readonly Action<int, int> _packUnit;

    private double[] _shifts = [];
    private bool _toMeans;

    /// <summary>Moves all centres that were given rows.</summary>
    /// <param name="toMeans">
    /// True: to the mean of these rows, which also become the centre's weight (Lloyd). False: to the running mean of all
    /// it was ever given (mini-batch).
    /// </param>
    /// <returns>The sum of the squared distances moved.</returns>
    private double MoveAll(bool toMeans)
    {
        if (_movedSincePass)
        {
            EndBounds();
        }

        _movedSincePass = true;
        _toMeans = toMeans;
        _team.Run(_panels!.PanelCount, 32.0 * _clusters * _dimension, _moveUnit);
        BoundScores();
        double shift = 0;
        foreach (double part in _shifts)
        {
            shift += part;
        }

        return shift;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void MoveUnit(int panel, int slot)
    {
        int first = _panels!.FirstCenter(panel), end = Math.Min(first + _panels.Width(panel), _clusters);
        bool moved = false;
        for (int j = first; j < end; j++)
        {
            double weight = Gather(j);
            _shifts[j] = 0;
            if (weight > 0)
            {
                Move(j, weight, ScratchOf(slot));
                moved = true;
            }
            else if (_toMeans)
            {
                _counts[j] = 0;
            }
        }

        if (moved)
        {
            _panels.Set(panel, _centers!.Pointer, _origin!.Pointer);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Move(int j, double weight, Scratch scratch)
    {
        var sum = new Span<double>(Sum(0, j), _dimension);
        var mean = new Span<double>(_means!.Pointer + (j * (long)_dimension), _dimension);
        double count = _toMeans ? weight : _counts[j] + weight;
        TensorPrimitives.Divide(sum, weight, sum);
        if (_toMeans)
        {
            sum.CopyTo(mean);
        }
        else
        {
            // mean + (sum − mean)·step
            TensorPrimitives.Subtract(sum, mean, sum);
            TensorPrimitives.MultiplyAdd(sum, weight / count, mean, mean);
        }

        sum.Clear();
        *SumWeight(0, j) = 0;
        _counts[j] = count;
        _shifts[j] = Round(mean, _centers!.Pointer + (j * (long)_dimension), new Span<float>(scratch.Tiles, _dimension));
    }

    /// <summary>Rounds a mean to the centre that distances are measured to.</summary>
    /// <returns>The squared distance the centre moved.</returns>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private double Round(ReadOnlySpan<double> mean, float* center, Span<float> rounded)
    {
        if (_frame!.Normalize)
        {
            double norm = TensorPrimitives.Norm(mean);

            // Rows that cancel out have no mean direction: the centre stays.
            if (norm == 0)
            {
                return 0;
            }

            for (int d = 0; d < mean.Length; d++)
            {
                rounded[d] = (float)(mean[d] / norm);
            }
        }
        else
        {
            TensorPrimitives.ConvertTruncating(mean, rounded);
        }

        fixed (float* value = rounded)
        {
            double shift = Distance.Squared(value, center, _dimension);
            rounded.CopyTo(new Span<float>(center, _dimension));
            return shift;
        }
    }
}
