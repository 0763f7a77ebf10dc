using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace GpuKMeans.Engines.Cpu;

/// <content>Moving the centres once the sums of their rows are known.</content>
internal sealed unsafe partial class CpuEngine
{
    private readonly Action<int, int> _moveUnit;
    private readonly Action<int, int> _packUnit;

    private double[] _shifts = [];
    private double[] _movedWeights = [];
    private bool _toMeans;
    private bool _sorted;

    /// <summary>Moves all centres that were given rows.</summary>
    /// <param name="toMeans">
    /// True: to the mean of these rows, which also become the centre's weight (Lloyd). False: to the running mean of all
    /// it was ever given (mini-batch).
    /// </param>
    /// <param name="sorted">Whether the rows that <see cref="SortRows"/> listed are yet to be added to the sums.</param>
    /// <returns>The sum of the squared distances moved.</returns>
    private double MoveAll(bool toMeans, bool sorted = false)
    {
        if (_movedSincePass)
        {
            EndBounds();
        }

        _movedSincePass = true;
        _toMeans = toMeans;
        _sorted = sorted;
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
            if (_sorted)
            {
                AddRows(j);
            }

            double weight = Gather(j);
            _movedWeights[j] = weight;
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
            PackUnit(panel, slot);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Move(int j, double weight, Scratch scratch)
    {
        double* sum = Sum(0, j), mean = _means!.Pointer + (j * (long)_dimension);
        double count = _toMeans ? weight : _counts[j] + weight;
        if (_toMeans)
        {
            SetMean(sum, weight, mean, _dimension);
        }
        else
        {
            MoveMean(sum, weight, mean, weight / count, _dimension);
        }

        new Span<double>(sum, _dimension).Clear();
        *SumWeight(0, j) = 0;
        _counts[j] = count;
        _shifts[j] = Round(mean, Center(j), scratch.Tiles);
    }

    // mean = sum / weight
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void SetMean(double* sum, double weight, double* mean, int dimension)
    {
        int d = 0;
        for (; d <= dimension - 8; d += 8)
        {
            (Vector512.Load(sum + d) / weight).Store(mean + d);
        }

        for (; d < dimension; d++)
        {
            mean[d] = sum[d] / weight;
        }
    }

    // mean += (sum / weight − mean)·step
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void MoveMean(double* sum, double weight, double* mean, double step, int dimension)
    {
        int d = 0;
        for (; d <= dimension - 8; d += 8)
        {
            Vector512<double> from = Vector512.Load(mean + d);
            (from + (((Vector512.Load(sum + d) / weight) - from) * step)).Store(mean + d);
        }

        for (; d < dimension; d++)
        {
            mean[d] += ((sum[d] / weight) - mean[d]) * step;
        }
    }

    /// <summary>Rounds a mean to the centre that distances are measured to.</summary>
    /// <returns>The squared distance the centre moved.</returns>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private double Round(double* mean, float* center, float* rounded)
    {
        if (_frame!.Normalize)
        {
            double norm = TensorPrimitives.Norm(new ReadOnlySpan<double>(mean, _dimension));

            // Rows that cancel out have no mean direction: the centre stays.
            if (norm == 0)
            {
                return 0;
            }

            for (int d = 0; d < _dimension; d++)
            {
                rounded[d] = (float)(mean[d] / norm);
            }
        }
        else
        {
            Lanes.Narrow(mean, rounded, _dimension);
        }

        double shift = Distance.Squared(rounded, center, _dimension);
        new ReadOnlySpan<float>(rounded, _dimension).CopyTo(new Span<float>(center, _dimension));
        return shift;
    }
}
