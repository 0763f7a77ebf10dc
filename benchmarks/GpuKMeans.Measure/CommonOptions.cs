using System.CommandLine;

namespace GpuKMeans.Measure;

/// <summary>The options that several commands have.</summary>
internal static class CommonOptions
{
    public static Option<string> Data { get; } = new("--data") { Description = "The rows, a .npy file", Required = true };

    public static Option<string> Centers { get; } = new("--centers") { Description = "The centres, a .npy file", Required = true };

    public static Option<int> Clusters { get; } = new("--clusters") { Description = "How many clusters", Required = true };

    public static Option<int> Batch { get; } = new("--batch") { Description = "Rows a step", DefaultValueFactory = _ => 1024 };

    public static Option<int> Seed { get; } = new("--seed") { Description = "The seed" };

    public static Option<int> Threads { get; } = new("--threads")
    {
        Description = "How many threads the CPU engine uses", DefaultValueFactory = _ => Environment.ProcessorCount,
    };

    public static Option<bool> Mapped { get; } = new("--mapped") { Description = "Leave the rows in the file rather than load them first" };

    public static Option<Device> Device { get; } = new("--device")
    {
        Description = "auto, cpu, cuda or cuda:n",
        DefaultValueFactory = _ => GpuKMeans.Device.Cpu,
        CustomParser = result => GpuKMeans.Device.Parse(result.Tokens[0].Value),
    };

    public static Option<Precision> Precision { get; } = new("--precision") { Description = "auto, or float32 instead of half precision and tensor cores" };

    public static Option<bool> Pinned { get; } = new("--pinned") { Description = "Load the rows into memory that the GPU reads by itself" };

    public static Option<bool> Stream { get; } = new("--stream") { Description = "Keep no rows on the GPU: they come from the host each time" };

    public static Option<int> AtOnce { get; } = new("--at-once")
    {
        Description = "How often the work is done between two looks at the clock", DefaultValueFactory = _ => 1,
    };

    /// <summary>How often the work is timed, after a warm-up.</summary>
    public static Option<int> Repeat(int times) => new("--repeat") { Description = "How often to time", DefaultValueFactory = _ => times };
}
