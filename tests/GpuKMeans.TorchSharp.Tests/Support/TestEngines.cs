using GpuKMeans.Engines;
using GpuKMeans.Engines.Torch;
using TorchSharp;

namespace GpuKMeans.Tests;

/// <summary>The engines that the shared suite runs on, by name: each device of torch, and each form the engine has there.</summary>
internal static class TestEngines
{
    /// <summary>
    /// The CPU; the CPU by the steps that a GPU takes without waiting; a GPU; and a GPU as a device that has no float64.
    /// </summary>
    public static string[] All { get; } = ["cpu", "cpu, not waiting", "cuda", "cuda, float64 on the cpu"];

    public static TheoryData<string> Names => new(All);

    /// <summary>Makes an engine. Skips the test that asks for a device this machine lacks.</summary>
    public static KMeansEngine Create(string name)
    {
        torch.Device device = TestDevices.Get(name);
        return name switch
        {
            "cpu, not waiting" => new TorchEngine(device, device, waits: false),
            "cuda, float64 on the cpu" => new TorchEngine(device, torch.CPU, waits: true),
            _ => new TorchEngine(device),
        };
    }

    /// <summary>Makes an engine that has the centres of a set.</summary>
    public static KMeansEngine Create(string name, TestSet set)
    {
        KMeansEngine engine = Create(name);
        engine.SetCenters(set.Centers, new double[set.Clusters], set.Frame);
        return engine;
    }
}
