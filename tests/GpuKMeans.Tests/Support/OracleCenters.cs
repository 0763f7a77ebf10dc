using GpuKMeans.Engines;

namespace GpuKMeans.Tests;

/// <summary>Centres that move as <see cref="KMeansEngine"/> says they do, in the plainest float64 code.</summary>
internal sealed class OracleCenters
{
    private readonly int _dimension;
    private readonly double[] _means;

    public OracleCenters(float[] centers, double[] counts, int dimension)
    {
        _dimension = dimension;
        _means = Array.ConvertAll(centers, value => (double)value);
        Values = [.. centers];
        Counts = [.. counts];
    }

    /// <summary>The centres, rounded to float32.</summary>
    public float[] Values { get; }

    public double[] Counts { get; }

    private int Clusters => Counts.Length;

    /// <summary>A mini-batch step: N ← N + n, c ← c + (n / N)·(x̄ − c).</summary>
    public StepStatistics Step(float[] rows, float[]? weights = null)
    {
        (int[] labels, double[] squares) = Oracle.Nearest(rows, Values, _dimension);
        double inertia = squares.Select((square, i) => Oracle.Weight(weights, i) * square).Sum();
        (double[] sums, double[] given) = Sums(rows, labels, weights);
        double shift = 0;
        for (int j = 0; j < Clusters; j++)
        {
            if (given[j] > 0)
            {
                Counts[j] += given[j];
                shift += Move(j, d => Mean(j, d) + (given[j] / Counts[j] * ((sums[(j * _dimension) + d] / given[j]) - Mean(j, d))));
            }
        }

        return new StepStatistics(inertia, given.Sum(), shift);
    }

    /// <summary>
    /// A Lloyd step: each empty cluster takes over the farthest row that is left, unless that would empty another; then
    /// every centre moves to the mean of its rows.
    /// </summary>
    public (int[] Labels, double Inertia, double Shift, int Relocated) Lloyd(float[] rows, float[]? weights = null)
    {
        (int[] labels, double[] squares) = Oracle.Nearest(rows, Values, _dimension);
        double inertia = squares.Select((square, i) => Oracle.Weight(weights, i) * square).Sum();
        int[] owners = [.. labels];
        double[] given = Sums(rows, owners, weights).Given;
        Queue<int> farthest = new(Enumerable.Range(0, labels.Length)
            .Where(i => squares[i] > 0 && Oracle.Weight(weights, i) > 0)
            .OrderByDescending(i => squares[i]).ThenBy(i => i));
        int relocated = 0;
        for (int j = 0; j < Clusters; j++)
        {
            while (given[j] <= 0 && farthest.TryDequeue(out int row))
            {
                double weight = Oracle.Weight(weights, row);
                if (given[owners[row]] > weight)
                {
                    given[owners[row]] -= weight;
                    given[j] = weight;
                    owners[row] = j;
                    relocated++;
                }
            }
        }

        (double[] sums, given) = Sums(rows, owners, weights);
        double shift = 0;
        for (int j = 0; j < Clusters; j++)
        {
            Counts[j] = given[j];
            if (given[j] > 0)
            {
                shift += Move(j, d => sums[(j * _dimension) + d] / given[j]);
            }
        }

        return (labels, inertia, shift, relocated);
    }

    private (double[] Sums, double[] Given) Sums(float[] rows, int[] labels, float[]? weights)
    {
        double[] sums = new double[_means.Length];
        double[] given = new double[Clusters];
        for (int i = 0; i < labels.Length; i++)
        {
            given[labels[i]] += Oracle.Weight(weights, i);
            for (int d = 0; d < _dimension; d++)
            {
                sums[(labels[i] * _dimension) + d] += Oracle.Weight(weights, i) * rows[(i * _dimension) + d];
            }
        }

        return (sums, given);
    }

    private double Mean(int j, int d) => _means[(j * _dimension) + d];

    private double Move(int j, Func<int, double> to)
    {
        double shift = 0;
        for (int d = 0; d < _dimension; d++)
        {
            int place = (j * _dimension) + d;
            _means[place] = to(d);
            double difference = (double)(float)_means[place] - Values[place];
            shift += difference * difference;
            Values[place] = (float)_means[place];
        }

        return shift;
    }
}
