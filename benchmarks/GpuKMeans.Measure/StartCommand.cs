using System.CommandLine;
using System.Diagnostics;
using System.Text.Json.Nodes;

namespace GpuKMeans.Measure;

/// <summary>How long a process takes from its start to its first labels: a small fit, everything cold.</summary>
internal static class StartCommand
{
    private const int Rows = 4096;
    private const int Columns = 128;

    public static Command Create()
    {
        var command = new Command("start", "Times a process from its start to its first labels") { CommonOptions.Device, CommonOptions.Threads };
        command.SetAction(parsed =>
        {
            using Process process = Process.GetCurrentProcess();
            double ready = (DateTime.Now - process.StartTime).TotalSeconds;
            var random = new Random(1);
            float[] values = [.. Enumerable.Range(0, Rows * Columns).Select(_ => random.NextSingle())];
            long start = Stopwatch.GetTimestamp();
            var kmeans = new MiniBatchKMeans(new KMeansOptions
            {
                ClusterCount = 64,
                Device = parsed.GetValue(CommonOptions.Device),
                MaxDegreeOfParallelism = parsed.GetValue(CommonOptions.Threads),
            });
            kmeans.Fit(VectorSource.FromMemory(values, Columns));
            double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
            start = Stopwatch.GetTimestamp();
            kmeans.Fit(VectorSource.FromMemory(values, Columns));
            Figures.Print("start", new JsonObject
            {
                ["device"] = parsed.GetValue(CommonOptions.Device).ToString(),
                ["engine_detail"] = kmeans.Report.Engine,
                ["rows"] = Rows,
                ["dimension"] = Columns,
                ["seconds"] = (DateTime.Now - process.StartTime).TotalSeconds - Stopwatch.GetElapsedTime(start).TotalSeconds,
                ["seconds_to_main"] = ready,
                ["seconds_of_first_fit"] = seconds,
                ["seconds_of_second_fit"] = Stopwatch.GetElapsedTime(start).TotalSeconds,
            });
        });
        return command;
    }
}
