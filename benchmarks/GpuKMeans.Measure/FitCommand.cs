using System.CommandLine;
using System.Text.Json.Nodes;

namespace GpuKMeans.Measure;

/// <summary>What a user does: checks, initialises, trains and labels, with default options.</summary>
internal static class FitCommand
{
    public static Command Create()
    {
        Option<int> repeat = CommonOptions.Repeat(1);
        Option<bool> parallel = new("--parallel") { Description = "From centres chosen by k-means‖" };
        Option<int> final = new("--final-iterations")
        {
            Description = "Lloyd's iterations at the end", DefaultValueFactory = _ => new KMeansOptions().FinalIterations,
        };
        var command = new Command("fit", "Fits by mini-batches, end to end")
        {
            CommonOptions.Data, CommonOptions.Clusters, CommonOptions.Batch, CommonOptions.Seed,
            CommonOptions.Device, CommonOptions.Threads, CommonOptions.Mapped, repeat, parallel, final,
        };
        command.SetAction(parsed =>
        {
            using var memory = new MemoryWatch();
            string file = parsed.GetValue(CommonOptions.Data)!;
            using VectorSource rows = Npy.Rows(file, parsed.GetValue(CommonOptions.Mapped));
            var options = new KMeansOptions
            {
                ClusterCount = parsed.GetValue(CommonOptions.Clusters),
                BatchSize = parsed.GetValue(CommonOptions.Batch),
                Initialization = parsed.GetValue(parallel) ? KMeansInitialization.Parallel : KMeansInitialization.PlusPlus,
                FinalIterations = parsed.GetValue(final),
                Seed = parsed.GetValue(CommonOptions.Seed),
                Device = parsed.GetValue(CommonOptions.Device),
                MaxDegreeOfParallelism = parsed.GetValue(CommonOptions.Threads),
            };
            var kmeans = new MiniBatchKMeans(options);
            Timing timing = Timing.Of(
                parsed.GetValue(repeat),
                () => (kmeans = new MiniBatchKMeans(options)).Fit(rows),
                warmUp: () => WarmUp(rows, options));
            FitReport report = kmeans.Report;
            int[] labels = [.. kmeans.Labels];
            var figures = new JsonObject
            {
                ["device"] = options.Device.ToString(),
                ["engine_detail"] = report.Engine,
                ["threads"] = options.MaxDegreeOfParallelism,
                ["data"] = Path.GetFileName(file),
                ["rows"] = rows.Count,
                ["dimension"] = rows.Dimension,
                ["clusters"] = options.ClusterCount,
                ["batch"] = options.BatchSize,
                ["start"] = options.Initialization.ToString(),
                ["seed"] = options.Seed,
                ["final_iterations"] = options.FinalIterations,
            };
            figures.Add(timing);
            figures["seconds_by_phase"] = new JsonObject
            {
                ["check"] = report.CheckTime.TotalSeconds,
                ["init"] = report.InitializationTime.TotalSeconds,
                ["train"] = report.TrainingTime.TotalSeconds,
                ["label"] = report.LabelingTime.TotalSeconds,
            };
            figures["iterations"] = report.Iterations;
            figures["steps"] = report.Steps;
            figures["stop"] = report.StopReason.ToString();
            figures["inertia"] = Inertia.Of(rows, kmeans.ClusterCenters, labels);
            figures["labels_crc32"] = Checksum.Of(labels);
            Figures.Print("fit", figures, memory);
        });
        return command;
    }

    /// <summary>A fit of the first rows, so that no compiler and no starting of threads is counted; the peers do the same.</summary>
    private static void WarmUp(VectorSource rows, KMeansOptions options)
    {
        int count = (int)Math.Min(rows.Count, 4L * Math.Max(options.ClusterCount, options.BatchSize));
        var first = new float[count * rows.Dimension];
        rows.Read(0, first);
        new MiniBatchKMeans(options).Fit(VectorSource.FromMemory(first, rows.Dimension));
    }
}
