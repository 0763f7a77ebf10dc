using System.Numerics.Tensors;
using GpuKMeans.Engines.Cpu;

namespace GpuKMeans;

/// <content>Splitting a cluster in two, to see what that would save.</content>
internal sealed partial class CenterSwaps
{
    /// <summary>Splits a cluster across the direction in which its rows lie farthest apart.</summary>
    private Halves Split(int cluster, ReadOnlySpan<int> members)
    {
        long[] numbers = new long[members.Length];
        for (int i = 0; i < members.Length; i++)
        {
            numbers[i] = members[i];
        }

        float[] rows = new float[numbers.Length * _dimension];
        _rows.Gather(numbers, rows);
        float[] direction = new float[_dimension], sum = new float[_dimension];
        float farthest = -1;
        for (int i = 0; i < members.Length; i++)
        {
            Span<float> row = rows.AsSpan(i * _dimension, _dimension);
            if (_frame.Normalize)
            {
                UnitLength.Scale(row, numbers[i]);
            }

            TensorPrimitives.Subtract(row, Center(_centers, cluster), row);
            if (_squares[members[i]] > farthest)
            {
                farthest = _squares[members[i]];
                row.CopyTo(direction);
            }
        }

        // A few steps of the power method.
        const int Steps = 4;
        for (int step = 0; step < Steps; step++)
        {
            sum.AsSpan().Clear();
            for (int i = 0; i < members.Length; i++)
            {
                ReadOnlySpan<float> row = rows.AsSpan(i * _dimension, _dimension);
                float along = (float)Weight(members[i]) * TensorPrimitives.Dot(row, direction);
                TensorPrimitives.MultiplyAdd(row, along, sum, sum);
            }

            float norm = TensorPrimitives.Norm<float>(sum);
            if (!(norm > 0) || !float.IsFinite(norm))
            {
                return new Halves(cluster, 0, [], []);
            }

            TensorPrimitives.Divide(sum, norm, direction);
        }

        return Halve(cluster, members, rows, direction);
    }

    private Halves Halve(int cluster, ReadOnlySpan<int> members, float[] rows, float[] direction)
    {
        float[] first = new float[_dimension], second = new float[_dimension];
        double firstWeight = 0, secondWeight = 0;
        for (int i = 0; i < members.Length; i++)
        {
            ReadOnlySpan<float> row = rows.AsSpan(i * _dimension, _dimension);
            float weight = (float)Weight(members[i]);
            bool ahead = TensorPrimitives.Dot(row, direction) > 0;
            firstWeight += ahead ? weight : 0;
            secondWeight += ahead ? 0 : weight;
            float[] half = ahead ? first : second;
            TensorPrimitives.MultiplyAdd(row, weight, half, half);
        }

        if (firstWeight == 0 || secondWeight == 0)
        {
            return new Halves(cluster, 0, [], []);
        }

        TensorPrimitives.Divide(first, (float)firstWeight, first);
        TensorPrimitives.Divide(second, (float)secondWeight, second);
        double apart = TensorPrimitives.Distance<float>(first, second);
        TensorPrimitives.Add(first, Center(_centers, cluster), first);
        TensorPrimitives.Add(second, Center(_centers, cluster), second);
        bool usable = !_frame.Normalize || (first.AsSpan().ContainsAnyExcept(0f) && second.AsSpan().ContainsAnyExcept(0f));
        double gain = usable ? firstWeight * secondWeight / (firstWeight + secondWeight) * apart * apart : 0;
        return new Halves(cluster, gain, first, second);
    }

    /// <summary>The means of a cluster's halves, and what splitting it saves.</summary>
    private sealed record Halves(int Cluster, double Gain, float[] First, float[] Second);
}
