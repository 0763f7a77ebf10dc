using System.CommandLine;
using System.Text.Json.Nodes;

namespace GpuKMeans.Measure;

/// <summary>What <see cref="KMeansModel.Predict"/> takes from rows on the host to labels on the host, with a model in use.</summary>
internal static class PredictCommand
{
    public static Command Create()
    {
        Option<int> repeat = CommonOptions.Repeat(5);
        var command = new Command("predict", "Labels rows of the host with a model")
        {
            CommonOptions.Data, CommonOptions.Centers, CommonOptions.Device, CommonOptions.Threads,
            CommonOptions.Mapped, CommonOptions.Pinned, repeat,
        };
        command.SetAction(parsed =>
        {
            using var memory = new MemoryWatch();
            string file = parsed.GetValue(CommonOptions.Data)!;
            float[,] centers = Npy.Matrix(parsed.GetValue(CommonOptions.Centers)!);
            var options = new KMeansOptions
            {
                ClusterCount = centers.GetLength(0),
                Initialization = KMeansInitialization.FromCenters(centers),
                Device = parsed.GetValue(CommonOptions.Device),
                MaxDegreeOfParallelism = parsed.GetValue(CommonOptions.Threads),
                SampleIterations = 0,
                FinalIterations = 0,
                ComputeLabels = false,
            };
            KMeansModel model = new MiniBatchKMeans(options).PartialFit(centers).Model;
            bool pinned = parsed.GetValue(CommonOptions.Pinned), mapped = parsed.GetValue(CommonOptions.Mapped);
            using VectorSource rows = Npy.Rows(file, mapped, pinned);
            int[] labels = [];
            Timing timing = Timing.Of(parsed.GetValue(repeat), () => labels = model.Predict(rows));
            var figures = new JsonObject
            {
                ["device"] = options.Device.ToString(),
                ["threads"] = options.MaxDegreeOfParallelism,
                ["data"] = Path.GetFileName(file),
                ["rows_in"] = pinned ? "pinned" : mapped ? "file" : "pageable",
                ["rows"] = rows.Count,
                ["dimension"] = rows.Dimension,
                ["clusters"] = options.ClusterCount,
            };
            figures.Add(timing);
            figures["gb_s"] = 4.0 * rows.Count * rows.Dimension / timing.Median / 1e9;
            figures["inertia"] = Inertia.Of(rows, model.ClusterCenters, labels);
            figures["labels_crc32"] = Checksum.Of(labels);
            Figures.Print("predict", figures, memory);
        });
        return command;
    }
}
