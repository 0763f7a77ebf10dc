using System.CommandLine;
using System.Text.Json.Nodes;
using GpuKMeans.Engines;

namespace GpuKMeans.Measure;

/// <summary>Greedy k-means++: from rows that the engine has.</summary>
internal static class InitCommand
{
    public static Command Create()
    {
        Option<int> repeat = CommonOptions.Repeat(1);
        Option<bool> allRows = new("--all-rows") { Description = "On all rows rather than on a sample" };
        Option<bool> parallel = new("--parallel") { Description = "By k-means‖" };
        var command = new Command("init", "Chooses centres by k-means++")
        {
            CommonOptions.Data, CommonOptions.Clusters, CommonOptions.Seed,
            CommonOptions.Device, CommonOptions.Threads, CommonOptions.Mapped, repeat, allRows, parallel,
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
                Initialization = parsed.GetValue(parallel) ? KMeansInitialization.Parallel : KMeansInitialization.PlusPlus,
                Seed = parsed.GetValue(CommonOptions.Seed),
                Device = parsed.GetValue(CommonOptions.Device),
                MaxDegreeOfParallelism = parsed.GetValue(CommonOptions.Threads),
                InitializationSampleSize = all ? KMeansOptions.AllRows : Math.Min(rows.Count, Math.Max(3 * 1024, 3 * clusters)),
            };

            using KMeansEngine engine = EngineFactory.Create(parsed.GetValue(CommonOptions.Device), options.MaxDegreeOfParallelism);
            (VectorSource sample, _) = Initializer.Sample(rows, default, options.InitializationSampleSize.Value, options.Seed);
            var frame = new RowFrame(new float[rows.Dimension], Normalize: false);
            using EngineData data = engine.Load(sample, default, frame);
            float[] centers = [];
            Timing timing = Timing.Of(
                parsed.GetValue(repeat),
                () => centers = new Initializer(engine, options, frame).Choose(sample, default, 0, CancellationToken.None, data));
            var labels = new int[rows.Count];
            engine.SetCenters(centers, new double[clusters], frame);
            using (EngineData everything = engine.Load(rows, default, frame))
            {
                engine.Assign(everything, 0, labels, []);
            }

            var figures = new JsonObject
            {
                ["device"] = engine.Device.ToString(),
                ["engine_detail"] = engine.Name,
                ["threads"] = options.MaxDegreeOfParallelism,
                ["data"] = Path.GetFileName(file),
                ["rows"] = rows.Count,
                ["dimension"] = rows.Dimension,
                ["clusters"] = clusters,
                ["all_rows"] = all,
                ["method"] = options.Initialization.ToString(),
                ["seed"] = options.Seed,
            };
            figures.Add(timing);
            figures["inertia"] = Inertia.Of(rows, Matrix(centers, rows.Dimension), labels);
            Figures.Print("init", figures, memory);
        });
        return command;
    }

    private static float[,] Matrix(float[] values, int columns)
    {
        var matrix = new float[values.Length / columns, columns];
        Buffer.BlockCopy(values, 0, matrix, 0, values.Length * sizeof(float));
        return matrix;
    }
}
