namespace PlaceNames;

/// <summary>What a cluster is about.</summary>
/// <param name="Cluster">Its number.</param>
/// <param name="Size">How many places it has.</param>
/// <param name="TypicalNames">The names nearest to its centre, each once.</param>
/// <param name="Countries">Its countries with their shares of its places, the largest first.</param>
internal sealed record ClusterSummary(
    int Cluster, int Size, IReadOnlyList<string> TypicalNames, IReadOnlyList<(string Code, double Share)> Countries)
{
    private const int ShownNames = 4, ShownCountries = 3;

    /// <summary>The clusters that have places, the largest first.</summary>
    public static IEnumerable<ClusterSummary> Of(IReadOnlyList<Place> places, float[,] embeddings, IReadOnlyList<int> labels) =>
        Enumerable.Range(0, places.Count)
            .GroupBy(row => labels[row])
            .Select(cluster => Of(cluster.Key, [.. cluster], places, embeddings))
            .OrderByDescending(summary => summary.Size);

    private static ClusterSummary Of(int cluster, int[] rows, IReadOnlyList<Place> places, float[,] embeddings)
    {
        double[] center = Mean(embeddings, rows);
        IEnumerable<string> names = rows
            .OrderBy(row => SquaredDistance(embeddings, row, center))
            .Select(row => places[row].Name)
            .Distinct()
            .Take(ShownNames);
        IEnumerable<(string, double)> countries = rows
            .CountBy(row => places[row].Country)
            .OrderByDescending(country => country.Value)
            .Take(ShownCountries)
            .Select(country => (country.Key, (double)country.Value / rows.Length));
        return new(cluster, rows.Length, [.. names], [.. countries]);
    }

    private static double[] Mean(float[,] embeddings, int[] rows)
    {
        var mean = new double[embeddings.GetLength(1)];
        foreach (int row in rows)
        {
            for (int i = 0; i < mean.Length; i++)
            {
                mean[i] += embeddings[row, i] / rows.Length;
            }
        }

        return mean;
    }

    private static double SquaredDistance(float[,] embeddings, int row, double[] center)
    {
        double sum = 0;
        for (int i = 0; i < center.Length; i++)
        {
            double difference = embeddings[row, i] - center[i];
            sum += difference * difference;
        }

        return sum;
    }
}
