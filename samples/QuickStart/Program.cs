using GpuKMeans;

// 100,000 vectors of 64 numbers: ten clouds of 10,000 each.
var random = new Random(1);
var vectors = new float[100_000, 64];
for (int row = 0; row < 100_000; row++)
{
    vectors[row, row % 10] = 20;
    for (int i = 0; i < 64; i++)
    {
        vectors[row, i] += random.NextSingle();
    }
}

var kmeans = new MiniBatchKMeans(new KMeansOptions { ClusterCount = 10 });
int[] labels = kmeans.FitPredict(vectors);

Console.WriteLine($"Row 0 is in cluster {labels[0]}, of {labels.Count(label => label == labels[0])} rows.");
Console.WriteLine($"Inertia {kmeans.Inertia:F0} after {kmeans.Report.Steps} steps: {kmeans.Report.StopReason}.");
