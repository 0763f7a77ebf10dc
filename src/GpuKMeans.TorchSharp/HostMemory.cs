using System.Runtime.InteropServices;
using TorchSharp;
using Tensor = TorchSharp.torch.Tensor;

namespace GpuKMeans;

/// <summary>Values to tensors and back.</summary>
internal static class HostMemory
{
    /// <summary>A tensor of values, on a device.</summary>
    public static Tensor Upload<T>(ReadOnlySpan<T> values, torch.ScalarType type, torch.Device device, params ReadOnlySpan<long> shape)
        where T : unmanaged
    {
        Tensor host = torch.empty(shape, type);
        values.CopyTo(ValuesOf<T>(host));
        return device.type == DeviceType.CPU ? host : host.to(device, disposeAfter: true);
    }

    /// <summary>Copies a contiguous tensor's values, after all that is queued before them on its device.</summary>
    public static void Download<T>(Tensor tensor, Span<T> destination)
        where T : unmanaged
    {
        using Tensor host = tensor.cpu();
        ValuesOf<T>(host).CopyTo(destination);
    }

    /// <summary>The values of a contiguous tensor in the host's memory; at most 2 GB.</summary>
    public static Span<T> ValuesOf<T>(Tensor tensor)
        where T : unmanaged => MemoryMarshal.Cast<byte, T>(tensor.bytes);

    /// <summary>Whether two devices are one.</summary>
    public static bool Same(torch.Device a, torch.Device b) => a.type == b.type && Math.Max(a.index, 0) == Math.Max(b.index, 0);
}
