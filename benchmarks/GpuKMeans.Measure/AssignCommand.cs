using System.CommandLine;
using System.Text.Json.Nodes;

namespace GpuKMeans.Measure;

/// <summary>Labels all rows.</summary>
internal static class AssignCommand
{
    public static Command Create()
    {
        Option<int> repeat = CommonOptions.Repeat(5);
        Option<string?> labels = new("--labels") { Description = "Where to write the labels, a .npy file" };
        var command = new Command("assign", "Labels all rows")
        {
            CommonOptions.Data, CommonOptions.Centers, CommonOptions.Device, CommonOptions.Threads, CommonOptions.Mapped, repeat, labels,
        };
        command.SetAction(parsed =>
        {
            using var work = EngineWork.Open(parsed);
            var found = new int[work.Rows.Count];
            Timing timing = Timing.Of(parsed.GetValue(repeat), () => work.Engine.Assign(work.Data, 0, found, []), work.SetCenters);
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
