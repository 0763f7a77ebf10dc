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

    /// <summary>How often the work is timed, after a warm-up.</summary>
    public static Option<int> Repeat(int times) => new("--repeat") { Description = "How often to time", DefaultValueFactory = _ => times };
}
