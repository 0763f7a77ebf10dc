using System.CommandLine;
using System.Text.Json.Nodes;
using GpuKMeans.Engines.Cuda.Driver;

namespace GpuKMeans.Measure;

/// <summary>What the way to a GPU and its memory carry at most: copies by the driver and nothing else.</summary>
internal static class BusCommand
{
    private const int Bytes = 256 << 20;

    public static Command Create()
    {
        Option<int> repeat = CommonOptions.Repeat(5);
        var command = new Command("bus", "Measures copies to a GPU and on it") { repeat };
        command.SetAction(parsed => Run(parsed.GetValue(repeat)));
        return command;
    }

    private static void Run(int repeat)
    {
        CudaContext gpu = CudaContext.Of(0);
        using CudaContext.Scope scope = gpu.Enter();
        using var memory = new DeviceMemory(gpu);
        using var stream = new CudaStream(gpu);
        using var pinned = new PinnedBuffer(gpu);
        pinned.Reserve(Bytes);
        pinned.Span<byte>(0, Bytes).Fill(1);
        byte[] pageable = new byte[Bytes];
        pageable.AsSpan().Fill(1);
        ulong one = memory.Allocate(Bytes, "a copy"), other = memory.Allocate(Bytes, "a copy");

        double Rate(Action copy, int bytes) => bytes / Timing.Of(repeat, copy, atOnce: 8, wait: stream.Synchronize).Seconds.Min() / 1e9;
        Figures.Print("bus", new JsonObject
        {
            ["device"] = "cuda:0",
            ["engine_detail"] = gpu.Device.Name,
            ["pinned_gb_s"] = Rate(() => stream.Upload<byte>(one, pinned.Span<byte>(0, Bytes)), Bytes),
            ["pageable_gb_s"] = Rate(() => stream.Upload<byte>(one, pageable), Bytes),
            ["on_gpu_gb_s"] = Rate(() => stream.Copy(other, one, Bytes), 2 * Bytes),
        });
    }
}
