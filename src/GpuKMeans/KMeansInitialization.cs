namespace GpuKMeans;

/// <summary>How the first centres are chosen.</summary>
public abstract class KMeansInitialization
{
    private KMeansInitialization()
    {
    }

    /// <summary>
    /// Greedy k-means++: each next centre is drawn with probability ∝ weight × D², the squared distance to the nearest
    /// centre so far; of 2 + ⌊ln K⌋ draws the one that lowers the sum of D² most is kept.
    /// </summary>
    /// <remarks>
    /// Arthur and Vassilvitskii, "k-means++: the advantages of careful seeding", 2007. O(S·D·K·ln K) for a sample of S rows.
    /// </remarks>
    public static KMeansInitialization PlusPlus { get; } = new PlusPlusInitialization();

    /// <summary>
    /// k-means‖ ("k-means parallel"): in five passes over the rows, each row is drawn with probability ∝ weight × D², some
    /// two for each cluster a pass; greedy k-means++ then chooses among the rows drawn, each of the weight of the rows it is
    /// nearest to. For many clusters among many more rows (above 20·K: up to that it is <see cref="PlusPlus"/>), where one
    /// pass a centre takes too long.
    /// </summary>
    /// <remarks>
    /// Bahmani et al., "Scalable k-means++", 2012. O(N·D·K) for all rows, at the speed of a prediction,
    /// and O(D·K²·ln K).
    /// </remarks>
    public static KMeansInitialization Parallel { get; } = new ParallelInitialization();

    /// <summary>K rows drawn at random, no row twice: with probability ∝ weight where there are weights.</summary>
    public static KMeansInitialization RandomRows { get; } = new RandomRowsInitialization();

    /// <summary>Given centres, K×D. The array is copied.</summary>
    /// <param name="centers">One centre a row, all values finite.</param>
    public static KMeansInitialization FromCenters(float[,] centers)
    {
        ArgumentNullException.ThrowIfNull(centers);
        return new GivenInitialization((float[,])centers.Clone());
    }

    internal sealed class PlusPlusInitialization : KMeansInitialization
    {
        public override string ToString() => "k-means++";
    }

    internal sealed class ParallelInitialization : KMeansInitialization
    {
        public override string ToString() => "k-means‖";
    }

    internal sealed class RandomRowsInitialization : KMeansInitialization
    {
        public override string ToString() => "random rows";
    }

    internal sealed class GivenInitialization(float[,] centers) : KMeansInitialization
    {
        public float[,] Centers { get; } = centers;

        public override string ToString() => $"{Centers.GetLength(0)}×{Centers.GetLength(1)} given centres";
    }
}
