using TorchSharp;

namespace GpuKMeans.Tests;

/// <summary>The devices of torch that tests of tensors run on.</summary>
internal static class TestDevices
{
    public static TheoryData<string> Names => ["cpu", "cuda"];

    private static readonly Lazy<string?> _whyNoTorch = new(WhyNoTorch);

    private static readonly Lazy<bool> _cuda = new(torch.cuda.is_available);

    /// <summary>
    /// A device, by its name or the words before a comma. Skips the test where torch has none such, or itself does not load,
    /// unless GPUKMEANS_REQUIRE_TORCH or GPUKMEANS_REQUIRE_CUDA says that it must.
    /// </summary>
    public static torch.Device Get(string name)
    {
        if (Environment.GetEnvironmentVariable("GPUKMEANS_REQUIRE_TORCH") is null && _whyNoTorch.Value is { } reason)
        {
            Assert.Skip(reason);
        }

        string device = name.Split(',')[0];
        if (device != "cuda")
        {
            return new torch.Device(device);
        }

        if (Environment.GetEnvironmentVariable("GPUKMEANS_REQUIRE_CUDA") is null && !_cuda.Value)
        {
            Assert.Skip("TorchSharp has no CUDA device here.");
        }

        return new torch.Device("cuda:0");
    }

    // Its build asks for a C library that not every machine has.
    private static string? WhyNoTorch()
    {
        try
        {
            torch.InitializeDeviceType(DeviceType.CPU);
            return null;
        }
        catch (TypeInitializationException e) when (e.InnerException is NotSupportedException)
        {
            return "TorchSharp's native library does not load here.";
        }
    }
}
