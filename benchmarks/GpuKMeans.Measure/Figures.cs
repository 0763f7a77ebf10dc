using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace GpuKMeans.Measure;

/// <summary>What a command prints: one JSON object on one line.</summary>
internal static class Figures
{
    private static readonly JsonSerializerOptions Format = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static void Print(string command, JsonObject figures, MemoryWatch? memory = null)
    {
        var record = new JsonObject
        {
            ["command"] = command,
            ["engine"] = $"GpuKMeans {typeof(VectorSource).Assembly.GetName().Version!.ToString(3)}{Variant(figures)}",
        };
        foreach ((string name, JsonNode? value) in figures.ToArray())
        {
            figures.Remove(name);
            record[name] = value;
        }

        record["peak_rss_mb"] = Megabytes(MemoryWatch.PeakResident);
        if (memory is not null)
        {
            record["peak_own_mb"] = Megabytes(memory.PeakOwn);
        }

        record["machine"] = Machine.Description;
        Console.WriteLine(record.ToJsonString(Format));
    }

    public static void Add(this JsonObject figures, Timing timing)
    {
        figures["seconds"] = timing.Median;
        figures["seconds_all"] = new JsonArray([.. timing.Seconds.Select(s => JsonValue.Create(s))]);
    }

    /// <summary>What tells engines of one run apart: the GPU, the kernel it was held to, and options that are not the default.</summary>
    private static string Variant(JsonObject figures)
    {
        string gpu = figures["device"]?.ToString().StartsWith("cuda", StringComparison.Ordinal) == true
            ? $" cuda {Environment.GetEnvironmentVariable("GPUKMEANS_CUDA_KERNEL")}".TrimEnd()
            : "";
        return figures["final_iterations"]?.GetValue<int>() is { } final && final != new KMeansOptions().FinalIterations
            ? $"{gpu}, {final} final iterations"
            : gpu;
    }

    private static long Megabytes(long bytes) => bytes >> 20;
}
