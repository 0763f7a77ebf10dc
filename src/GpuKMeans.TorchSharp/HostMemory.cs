using TorchSharp;
using Tensor = TorchSharp.torch.Tensor;

namespace GpuKMeans;

/// <summary>Values to tensors and back.</summary>
internal static unsafe class HostMemory
{
    /// <summary>A tensor of values, on a device.</summary>
    public static Tensor Upload<T>(ReadOnlySpan<T> values, torch.ScalarType type, torch.Device device, params ReadOnlySpan<long> shape)
        where T : unmanaged
    {
        Tensor host = torch.empty(shape, type, torch.CPU);
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

    /// <summary>The values of a contiguous tensor in the host's memory; at most 2³¹ − 1 of them.</summary>
    public static Span<T> ValuesOf<T>(Tensor tensor)
        where T : unmanaged
    {
        if (tensor.numel() == 0)
        {
            return [];
        }

        // A storage holds another handle to the tensor.
        using var scope = torch.NewDisposeScope();
        return new((T*)tensor.storage<T>().data_ptr() + tensor.storage_offset(), checked((int)tensor.numel()));
    }
}
