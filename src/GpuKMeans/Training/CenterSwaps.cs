using System.Numerics.Tensors;
using GpuKMeans.Engines;

namespace GpuKMeans;

/// <summary>
/// Mends what Lloyd's iterations cannot: two centres share a cloud of rows while another centre lies between two clouds. A
/// centre whose rows would cost little more at its neighbour is taken away, and put where splitting a cluster saves more.
/// </summary>
/// <remarks>
/// After Kaukoranta, Fränti and Nevalainen, "Iterative split-and-merge algorithm for vector quantization codebook
/// generation", 1998. What a merge costs and what a split saves are Ward's: n·m / (n + m) times the squared distance of the
/// means. Swaps that do not lower the inertia of the sample are undone.
/// </remarks>
internal sealed partial class CenterSwaps
{
    private const int MostRounds = 4;
    private const int IterationsARound = 3;

    // A split must save this many times what the merge costs: on rows without clusters next to no swap does, and none is tried.
    private const double LeastGain = 2;

    // Centres whose neighbours are looked for at once.
    private const int NeighborRows = 64;

    private readonly KMeansEngine _engine;
    private readonly RowFrame _frame;
    private readonly VectorSource _rows;
    private readonly ReadOnlyMemory<float> _weights;
    private readonly int _clusters;
    private readonly int _dimension;
    private readonly float[] _centers;
    private readonly double[] _counts;
    private readonly double[] _means;
    private readonly int[] _labels;
    private readonly float[] _squares;

    /// <summary>Prepares to mend the engine's centres.</summary>
    /// <param name="engine">Has centres that are the means of their rows.</param>
    /// <param name="frame">The frame of the rows.</param>
    /// <param name="rows">The sample.</param>
    /// <param name="weights">Its weights, or empty.</param>
    /// <param name="clusters">The number of centres.</param>
    public CenterSwaps(KMeansEngine engine, RowFrame frame, VectorSource rows, ReadOnlyMemory<float> weights, int clusters)
    {
        (_engine, _frame, _rows, _weights, _clusters, _dimension) = (engine, frame, rows, weights, clusters, rows.Dimension);
        _centers = new float[clusters * _dimension];
        _means = new double[clusters * _dimension];
        _counts = new double[clusters];
        _labels = new int[rows.Count];
        _squares = new float[rows.Count];
    }

    /// <summary>Swaps centres and lets them settle, until no swap promises to pay or one has not.</summary>
    /// <param name="data">The sample, loaded.</param>
    /// <param name="cancellationToken">Stops between passes.</param>
    /// <returns>The number of centres put elsewhere.</returns>
    public int Run(EngineData data, CancellationToken cancellationToken)
    {
        int swaps = 0;
        double inertia = _engine.Assign(data, 0, _labels, _squares);
        for (int round = 0; round < MostRounds; round++)
        {
            _engine.GetCenters(_centers);
            _engine.GetCounts(_counts);
            _engine.GetMeans(_means);
            float[] swapped = [.. _centers];
            int made = Swap(swapped, cancellationToken);
            if (made == 0)
            {
                break;
            }

            _engine.SetCenters(swapped, new double[_clusters], _frame);
            for (int i = 0; i < IterationsARound; i++)
            {
                _engine.Accumulate(data, cancellationToken);
                _engine.MoveCenters(data, out _);
            }

            double now = _engine.Assign(data, 0, _labels, _squares);
            if (!(now < inertia))
            {
                _engine.SetCenters(_centers, _counts, _frame);
                _engine.SetMeans(_means);
                break;
            }

            inertia = now;
            swaps += made;
        }

        return swaps;
    }

    private Span<float> Center(float[] centers, int j) => centers.AsSpan(j * _dimension, _dimension);

    /// <summary>Makes as many swaps as pay and do not touch each other.</summary>
    private int Swap(float[] centers, CancellationToken cancellationToken)
    {
        (int[] order, int[] starts) = RowsByCluster();
        double[] weights = new double[_clusters], inertias = new double[_clusters];
        for (int i = 0; i < _labels.Length; i++)
        {
            double weight = Weight(i);
            weights[_labels[i]] += weight;
            inertias[_labels[i]] += weight * _squares[i];
        }

        (double[] costs, int[] neighbors) = MergeCosts(weights, cancellationToken);
        int[] cheapest = [.. Enumerable.Range(0, _clusters).OrderBy(j => costs[j])];
        int[] widest = [.. Enumerable.Range(0, _clusters).OrderByDescending(j => inertias[j])];
        List<Halves> splits = [];
        foreach (int j in widest)
        {
            // A split saves no more than the whole of a cluster's inertia.
            if (splits.Count > _clusters / 8 || inertias[j] < LeastGain * costs[cheapest[0]])
            {
                break;
            }

            cancellationToken.ThrowIfCancellationRequested();
            splits.Add(Split(j, order.AsSpan(starts[j], starts[j + 1] - starts[j])));
        }

        return Pair(centers, splits, cheapest, costs, neighbors, weights);
    }

    private int Pair(
        float[] centers, List<Halves> splits, int[] cheapest, double[] costs, int[] neighbors, double[] weights)
    {
        bool[] touched = new bool[_clusters];
        int made = 0, next = 0;
        foreach (Halves split in splits.OrderByDescending(split => split.Gain).ThenBy(split => split.Cluster))
        {
            while (next < _clusters && (touched[cheapest[next]] || touched[neighbors[cheapest[next]]]))
            {
                next++;
            }

            if (next == _clusters || split.Gain <= LeastGain * costs[cheapest[next]])
            {
                break;
            }

            (int gone, int heir) = (cheapest[next], neighbors[cheapest[next]]);
            if (touched[split.Cluster] || split.Cluster == gone || split.Cluster == heir)
            {
                continue;
            }

            double share = weights[gone] > 0 ? weights[gone] / (weights[gone] + weights[heir]) : 0;
            for (int d = 0; d < _dimension; d++)
            {
                ref float value = ref Center(centers, heir)[d];
                value = (float)(value + (share * (_centers[(gone * _dimension) + d] - value)));
            }

            split.First.CopyTo(Center(centers, gone));
            split.Second.CopyTo(Center(centers, split.Cluster));
            touched[gone] = touched[heir] = touched[split.Cluster] = true;
            made++;
        }

        return made;
    }

    /// <summary>What it costs to give each cluster's rows to the nearest other centre, and which that is.</summary>
    private (double[] Costs, int[] Neighbors) MergeCosts(double[] weights, CancellationToken cancellationToken)
    {
        double[] costs = new double[_clusters];
        int[] neighbors = new int[_clusters];
        using EngineData data = _engine.Load(VectorSource.FromMemory(_centers, _dimension), default, _frame);
        float[] squares = new float[Math.Min(NeighborRows, _clusters) * _clusters];
        for (int first = 0; first < _clusters; first += NeighborRows)
        {
            cancellationToken.ThrowIfCancellationRequested();
            int count = Math.Min(NeighborRows, _clusters - first);
            _engine.Distances(data, first, squares.AsSpan(0, count * _clusters));
            for (int i = 0; i < count; i++)
            {
                int j = first + i;
                Span<float> others = squares.AsSpan(i * _clusters, _clusters);
                others[j] = float.PositiveInfinity;
                int heir = TensorPrimitives.IndexOfMin<float>(others);
                double both = weights[j] + weights[heir];
                neighbors[j] = heir;
                costs[j] = both > 0 ? weights[j] * weights[heir] / both * others[heir] : 0;
            }
        }

        return (costs, neighbors);
    }

    /// <summary>The rows in the order of their clusters, and where each cluster begins.</summary>
    private (int[] Order, int[] Starts) RowsByCluster()
    {
        int[] starts = new int[_clusters + 1], order = new int[_labels.Length];
        foreach (int label in _labels)
        {
            starts[label + 1]++;
        }

        for (int j = 0; j < _clusters; j++)
        {
            starts[j + 1] += starts[j];
        }

        int[] next = [.. starts];
        for (int i = 0; i < _labels.Length; i++)
        {
            order[next[_labels[i]]++] = i;
        }

        return (order, starts);
    }

    private double Weight(int row) => _weights.IsEmpty ? 1 : _weights.Span[row];
}
