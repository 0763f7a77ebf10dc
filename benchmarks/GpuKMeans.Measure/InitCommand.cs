using System.CommandLine;
using System.Text.Json.Nodes;

namespace GpuKMeans.Measure;

/// <summary>Greedy k-means++: what <see cref="KMeans"/> and <see cref="MiniBatchKMeans"/> report of it.</summary>
internal static class InitCommand
{
    public static Command Create()
    {
        Option<int> repeat = CommonOptions.Repeat(1);
        Option<bool> allRows = new("--all-rows") { Description = "On all rows rather than on a sample" };
        var command = new Command("init", "Chooses centres by k-means++")
        {
            CommonOptions.Data, CommonOptions.Clusters, CommonOptions.Seed,
            CommonOptions.Device, CommonOptions.Threads, CommonOptions.Mapped, repeat, allRows,
        };
        command.SetAction(parsed =>
        {
            using var memory = new MemoryWatch();
            string file = parsed.GetValue(CommonOptions.Data)!;
            using VectorSource rows = Npy.Rows(file, parsed.GetValue(CommonOptions.Mapped));
            int clusters = parsed.GetValue(CommonOptions.Clusters);
            bool all = parsed.GetValue(allRows);
            var options = new KMeansOptions
            {
                ClusterCount = clusters,
                Seed = parsed.GetValue(CommonOptions.Seed),
                Device = parsed.GetValue(CommonOptions.Device),
                MaxDegreeOfParallelism = parsed.GetValue(CommonOptions.Threads),
                InitializationSampleSize = all ? KMeansOptions.AllRows : Math.Min(rows.Count, Math.Max(3 * 1024, 3 * clusters)),
                MaxIterations = 1,
                ComputeLabels = false,
            };

            // One pass of training tells the inertia of the first centres; its time is not counted.
            FitReport report = new();
            void Fit() => report = new KMeans(options).Fit(rows).Report;
            Timing.Of(0, Fit);
            var timing = new Timing([.. Enumerable.Range(0, parsed.GetValue(repeat)).Select(_ =>
            {
                Fit();
                return report.InitializationTime.TotalSeconds;
            })]);
            var figures = new JsonObject
            {
                ["device"] = options.Device.ToString(),
                ["engine_detail"] = report.Engine,
                ["threads"] = options.MaxDegreeOfParallelism,
                ["data"] = Path.GetFileName(file),
                ["rows"] = rows.Count,
                ["dimension"] = rows.Dimension,
                ["clusters"] = clusters,
                ["all_rows"] = all,
                ["seed"] = options.Seed,
            };
            figures.Add(timing);
            figures["inertia"] = report.InertiaPerIteration[0];
            Figures.Print("init", figures, memory);
        });
        return command;
    }
}
