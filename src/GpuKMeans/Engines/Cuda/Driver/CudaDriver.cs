using System.Text;

namespace GpuKMeans.Engines.Cuda.Driver;

/// <summary>Whether there is a driver, and which GPUs it has.</summary>
internal static unsafe class CudaDriver
{
    private const int CapabilityMajor = 75;
    private const int CapabilityMinor = 76;

    private static readonly Lazy<int> s_started = new(() => CudaNative.cuInit(0));

    /// <summary>The least compute capability the kernels run on.</summary>
    public static Version LeastCapability { get; } = new(8, 0);

    /// <summary>The GPUs, in the driver's order; none where there is no driver.</summary>
    public static IReadOnlyList<CudaDevice> Devices()
    {
        if (!CudaNative.IsPresent || s_started.Value != CudaNative.Success)
        {
            return [];
        }

        CudaNative.Check(CudaNative.cuDeviceGetCount(out int count));
        return [.. Enumerable.Range(0, count).Select(Describe)];
    }

    /// <summary>Says why a GPU cannot be used: an error that names what is missing; null if it can.</summary>
    public static Exception? WhyUnavailable(int index)
    {
        if (!CudaNative.IsPresent)
        {
            return CudaErrors.NoDriver(index);
        }

        if (s_started.Value is not (CudaNative.Success or CudaNative.NoDevice))
        {
            return CudaErrors.DriverFailed(index, s_started.Value);
        }

        IReadOnlyList<CudaDevice> devices = Devices();
        return devices.Count == 0 ? CudaErrors.NoDevice(index)
            : index >= devices.Count ? CudaErrors.NoSuchDevice(index, devices.Count)
            : devices[index].ComputeCapability < LeastCapability
                ? CudaErrors.TooOld(index, devices[index].Name, devices[index].ComputeCapability)
            : null;
    }

    /// <summary>The driver's handle for a GPU.</summary>
    public static int Handle(int index)
    {
        CudaNative.Check(CudaNative.cuDeviceGet(out int device, index));
        return device;
    }

    /// <summary>A property of a GPU, by the number it has in cuda.h.</summary>
    public static int Attribute(int device, int attribute)
    {
        CudaNative.Check(CudaNative.cuDeviceGetAttribute(out int value, attribute, device));
        return value;
    }

    /// <summary>What NVIDIA calls a GPU, by the driver's handle for it.</summary>
    public static string NameOf(int device)
    {
        byte* name = stackalloc byte[256];
        if (CudaNative.cuDeviceGetName(name, 256, device) != CudaNative.Success)
        {
            return "The GPU";
        }

        int length = new ReadOnlySpan<byte>(name, 256).IndexOf((byte)0);
        return Encoding.UTF8.GetString(name, length < 0 ? 256 : length);
    }

    private static CudaDevice Describe(int index)
    {
        int device = Handle(index);
        CudaNative.Check(CudaNative.cuDeviceTotalMem_v2(out nuint bytes, device));
        return new CudaDevice(
            index,
            NameOf(device),
            (long)bytes,
            new Version(Attribute(device, CapabilityMajor), Attribute(device, CapabilityMinor)));
    }
}
