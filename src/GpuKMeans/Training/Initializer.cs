using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using GpuKMeans.Engines;

namespace GpuKMeans;

/// <summary>Chooses the first centres.</summary>
internal sealed class Initializer(KMeansEngine engine, KMeansOptions options, RowFrame frame)
{
    /// <summary>K×D first centres.</summary>
    /// <param name="rows">The rows to choose from: the sample.</param>
    /// <param name="weights">Their weights, or empty.</param>
    /// <param name="attempt">Which of <see cref="KMeansOptions.InitializationCount"/> choices this is.</param>
    /// <param name="cancellationToken">Stops the choice.</param>
    /// <param name="loaded">The same rows where the engine has them already; null to load them where they are needed.</param>
    public float[] Choose(
        VectorSource rows, ReadOnlyMemory<float> weights, int attempt, CancellationToken cancellationToken, EngineData? loaded = null)
    {
        if (options.Initialization is KMeansInitialization.GivenInitialization { Centers: var given })
        {
            return given.GetLength(1) == rows.Dimension
                ? [.. given.Cast<float>()]
                : throw KMeansErrors.CentersShape(given.GetLength(0), given.GetLength(1), options.ClusterCount, rows.Dimension);
        }

        var random = new SplitMix64(Seeds.For(options.Seed, Seeds.Initialization, attempt));
        long[] chosen;
        if (options.Initialization is KMeansInitialization.RandomRowsInitialization)
        {
            chosen = RandomRows(rows.Count, weights, options.ClusterCount, ref random);
        }
        else if (loaded is not null)
        {
            chosen = Spread(rows, loaded, weights, ref random, cancellationToken);
        }
        else
        {
            using EngineData data = engine.Load(rows, weights, frame);
            chosen = Spread(rows, data, weights, ref random, cancellationToken);
        }

        float[] centers = new float[options.ClusterCount * rows.Dimension];
        rows.Gather(chosen, centers);
        return centers;
    }

    /// <summary>Draws a sample, uniformly among the rows of weight above 0.</summary>
    /// <returns>All rows as they are, where the sample is to hold them all.</returns>
    public static (VectorSource Rows, ReadOnlyMemory<float> Weights) Sample(
        VectorSource rows, ReadOnlyMemory<float> weights, long size, int seed)
    {
        if (size >= rows.Count)
        {
            return (rows, weights);
        }

        RowOrder order = RowOrder.Shuffled(rows.Count, Seeds.For(seed, Seeds.Sample, 0));
        List<long> chosen = new(checked((int)size));
        for (long position = 0; position < rows.Count && chosen.Count < size; position++)
        {
            long row = order[position];
            if (weights.IsEmpty || weights.Span[(int)row] > 0)
            {
                chosen.Add(row);
            }
        }

        // A file is read faster forwards.
        chosen.Sort();
        long[] numbers = [.. chosen];
        float[,] sample = new float[numbers.Length, rows.Dimension];
        const int Part = 1024;
        for (int first = 0; first < numbers.Length; first += Part)
        {
            int count = Math.Min(Part, numbers.Length - first);
            Span<float> destination = MemoryMarshal.CreateSpan(
                ref sample[first, 0], count * rows.Dimension);
            rows.Gather(numbers.AsSpan(first, count), destination);
        }

        float[]? sampleWeights = weights.IsEmpty ? null : Array.ConvertAll(numbers, row => weights.Span[(int)row]);
        return (sample, sampleWeights);
    }

    /// <summary>Rows far from each other, by k-means++ among all or among those that k-means‖ draws.</summary>
    private long[] Spread(
        VectorSource rows, EngineData data, ReadOnlyMemory<float> weights, ref SplitMix64 random, CancellationToken cancellationToken)
    {
        // Of few rows it would draw most.
        if (options.Initialization is KMeansInitialization.ParallelInitialization
            && rows.Count > 2L * ParallelSeeding.Rounds * ParallelSeeding.RowsPerCluster * options.ClusterCount)
        {
            long first = RandomRows(rows.Count, weights, 1, ref random)[0];
            (long[] drawn, float[] drawnWeights) = new ParallelSeeding(engine, frame, options.ClusterCount).Draw(
                rows, data, weights, first, ref random, cancellationToken);
            if (drawn.Length >= options.ClusterCount)
            {
                float[,] values = new float[drawn.Length, rows.Dimension];
                rows.Gather(drawn, MemoryMarshal.CreateSpan(ref values[0, 0], values.Length));
                using EngineData few = engine.Load(values, drawnWeights, frame);
                return Array.ConvertAll(PlusPlus(few, drawnWeights, ref random, cancellationToken), place => drawn[place]);
            }
        }

        return PlusPlus(data, weights, ref random, cancellationToken);
    }

    private long[] PlusPlus(
        EngineData data, ReadOnlyMemory<float> weights, ref SplitMix64 random, CancellationToken cancellationToken)
    {
        int clusters = options.ClusterCount, trials = Seeding.TrialsFor(clusters);
        long[] chosen = new long[clusters];
        using Seeding seeding = engine.StartSeeding(data);
        var draws = new SeedingDraws(seeding, trials, clusters - 1);
        Span<long> candidates = stackalloc long[trials];
        Span<double> potentials = stackalloc double[trials];

        chosen[0] = RandomRows(data.Count, weights, 1, ref random)[0];
        seeding.Evaluate(chosen.AsSpan(0, 1), potentials);
        seeding.Accept(0);
        for (int j = 1; j < clusters;)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (!(seeding.Potential > 0))
            {
                // No row is left that is not a centre already: the centres that remain repeat rows, and stay empty.
                RandomRows(data.Count, weights, clusters - j, ref random).CopyTo(chosen.AsSpan(j));
                break;
            }

            if (seeding.TakesSteps)
            {
                j += draws.Choose(chosen.AsSpan(j), ref random);
                continue;
            }

            draws.Draw(candidates, ref random);
            seeding.Evaluate(candidates, potentials);
            int best = TensorPrimitives.IndexOfMin<double>(potentials);
            seeding.Accept(best);
            chosen[j++] = candidates[best];
        }

        return chosen;
    }

    /// <summary>Draws rows, none twice: uniformly, or by weight (Efraimidis and Spirakis, 2006).</summary>
    private static long[] RandomRows(long rows, ReadOnlyMemory<float> weights, int count, ref SplitMix64 random)
    {
        // Weights that are all the same change nothing, not even the draw.
        if (weights.IsEmpty || !weights.Span.ContainsAnyExcept(weights.Span[0]))
        {
            RowOrder order = RowOrder.Shuffled(rows, random.Next());
            long[] chosen = new long[count];
            for (int i = 0; i < count; i++)
            {
                chosen[i] = order[i];
            }

            return chosen;
        }

        ReadOnlySpan<float> weight = weights.Span;
        var largest = new PriorityQueue<long, double>(count + 1);
        for (int row = 0; row < weight.Length; row++)
        {
            // log(u) / w: the largest keys win.
            double key = Math.Log(1 - random.NextDouble()) / weight[row];
            if (weight[row] > 0)
            {
                largest.Enqueue(row, key);
                if (largest.Count > count)
                {
                    largest.Dequeue();
                }
            }
        }

        return [.. largest.UnorderedItems.Select(item => item.Element).Order()];
    }
}
