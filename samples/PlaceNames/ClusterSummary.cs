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
    public static IEnumerable<ClusterSummary> Of(
        IReadOnlyList<Place> places, float[,] embeddings, IReadOnlyList<int> labels, float[,] centers) =>
        Enumerable.Range(0, places.Count)
            .GroupBy(row => labels[row])
            .Select(cluster => Of(cluster.Key, [.. cluster], places, embeddings, centers))
            .OrderByDescending(summary => summary.Size);

    private static ClusterSummary Of(int cluster, int[] rows, IReadOnlyList<Place> places, float[,] embeddings, float[,] centers)
    {
        IEnumerable<string> names = rows
            .OrderBy(row => SquaredDistance(embeddings, row, centers, cluster))
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

    private static double SquaredDistance(float[,] embeddings, int row, float[,] centers, int cluster)
    {
        double sum = 0;
        for (int i = 0; i < embeddings.GetLength(1); i++)
        {
            double difference = embeddings[row, i] - centers[cluster, i];
            sum += difference * difference;
        }

        return sum;
    }
}
