using TorchSharp;
using Tensor = TorchSharp.torch.Tensor;

namespace GpuKMeans.Tests.Tensors;

/// <summary>The default device is one for all threads: no other test may run beside these.</summary>
[Collection(nameof(DefaultDevice))]
public sealed class DefaultDeviceTests
{
    public static TheoryData<string> Devices => TestDevices.Names;

    [Theory, MemberData(nameof(Devices))]
    public void A_default_device_changes_nothing(string name)
    {
        torch.Device device = TestDevices.Get(name);
        using var scope = torch.NewDisposeScope();
        Tensor rows = torch.rand(200, 4, device: device), weights = torch.ones(200, device: device);
        torch.Device before = torch.get_default_device();
        try
        {
            // No tensor there has values.
            torch.set_default_device(torch.META);
            var kmeans = new KMeans(3);
            Assert.Equal(device.type, kmeans.FitPredict(rows, weights).device_type);
            Assert.Equal(device.type, kmeans.Transform(rows).device_type);
        }
        finally
        {
            torch.set_default_device(before);
        }
    }
}

[CollectionDefinition(nameof(DefaultDevice), DisableParallelization = true)]
public sealed class DefaultDevice;
