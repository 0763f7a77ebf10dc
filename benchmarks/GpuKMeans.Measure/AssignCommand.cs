using System.CommandLine;
using System.Text.Json.Nodes;
using GpuKMeans.Engines.Cuda;

namespace GpuKMeans.Measure;

/// <summary>Labels all rows.</summary>
internal static class AssignCommand
{
    public static Command Create()
    {
        Option<int> repeat = CommonOptions.Repeat(5);
        Option<string?> labels = new("--labels") { Description = "Where to write the labels, a .npy file" };
        Option<bool> stay = new("--stay") { Description = "Leave the labels on the GPU: their way to the host is not timed" };
        var command = new Command("assign", "Labels all rows") { repeat, labels, stay };
        EngineWork.Options.ToList().ForEach(command.Add);
        command.SetAction(parsed =>
        {
            using var work = EngineWork.Open(parsed);
            var found = new int[work.Rows.Count];
            int times = parsed.GetValue(repeat), atOnce = parsed.GetValue(CommonOptions.AtOnce);
            Timing timing;
            if (parsed.GetValue(stay))
            {
                var cuda = (CudaEngine)work.Engine;
                timing = Timing.Of(times, () => cuda.Label(work.Data), work.SetCenters, atOnce: atOnce, wait: cuda.Wait);
                cuda.GetLabels(work.Data, 0, found);
            }
            else
            {
                timing = Timing.Of(times, () => work.Engine.Assign(work.Data, 0, found, []), work.SetCenters, atOnce: atOnce);
            }

            if (parsed.GetValue(labels) is { } path)
            {
                Npy.Write(path, found);
            }

            JsonObject figures = work.Describe();
            figures.Add(timing);
            figures["gflops"] = 2.0 * work.Rows.Count * work.Centers.Length / timing.Median / 1e9;
            figures["inertia"] = Inertia.Of(work.Rows, work.Centers, found);
            figures["labels_crc32"] = Checksum.Of(found);
            Figures.Print("assign", figures, work.Memory);
        });
        return command;
    }
}
