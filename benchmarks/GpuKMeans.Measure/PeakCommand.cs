using System.CommandLine;
using System.Text.Json.Nodes;

namespace GpuKMeans.Measure;

/// <summary>What share of the machine's float32 arithmetic others use is told by this: multiply-adds and nothing else.</summary>
internal static class PeakCommand
{
    private const int Rounds = 50_000_000;

    public static Command Create()
    {
        Option<int> repeat = CommonOptions.Repeat(5);
        var command = new Command("peak", "Measures the most float32 multiply-adds a second") { CommonOptions.Threads, repeat };
        command.SetAction(parsed => Run(parsed.GetValue(CommonOptions.Threads), parsed.GetValue(repeat)));
        return command;
    }

    private static void Run(int threads, int repeat)
    {
        // The fastest, not the median: a peak is what could be had.
        Timing timing = Timing.Of(repeat, () => OnThreads(threads));
        double flops = 2.0 * Rounds * MultiplyAdds.PerRound * threads;
        var figures = new JsonObject { ["device"] = "cpu", ["threads"] = threads, ["gflops"] = flops / timing.Seconds.Min() / 1e9 };
        figures.Add(timing);
        Figures.Print("peak", figures);
    }

    private static void OnThreads(int threads)
    {
        Thread[] workers = [.. Enumerable.Range(0, threads).Select(_ => new Thread(() => MultiplyAdds.Run(Rounds)))];
        Array.ForEach(workers, worker => worker.Start());
        Array.ForEach(workers, worker => worker.Join());
    }
}
