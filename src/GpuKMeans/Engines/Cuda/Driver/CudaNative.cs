using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace GpuKMeans.Engines.Cuda.Driver;

/// <summary>
/// The NVIDIA driver's own interface, as much of it as is used. The library comes with the driver and is looked for at
/// the first call; <see cref="CudaDriver"/> says whether it is there.
/// </summary>
internal static unsafe partial class CudaNative
{
    public const int Success = 0;
    public const int OutOfMemory = 2;
    public const int NoDevice = 100;

    private const string Library = "nvidia-driver";

    private static readonly Lazy<nint> s_library = new(Load);

    static CudaNative() => NativeLibrary.SetDllImportResolver(
        typeof(CudaNative).Assembly, static (name, _, _) => name == Library ? s_library.Value : 0);

    /// <summary>The file the driver is looked for in.</summary>
    public static string FileName => OperatingSystem.IsWindows() ? "nvcuda.dll" : "libcuda.so.1";

    /// <summary>Whether the driver's library could be loaded.</summary>
    public static bool IsPresent => s_library.Value != 0;

    /// <summary>Throws if a call failed, with the driver's name for what went wrong.</summary>
    /// <param name="result">What the call returned.</param>
    /// <param name="call">The call; taken from the source.</param>
    public static void Check(int result, [CallerArgumentExpression(nameof(result))] string call = "")
    {
        if (result != Success)
        {
            string name = call[..call.IndexOf('(', StringComparison.Ordinal)];
            name = name[(name.LastIndexOf('.') + 1)..];
            throw result == OutOfMemory ? CudaErrors.OutOfDeviceMemory($"what {name} takes") : CudaErrors.CallFailed(name, result);
        }
    }

    /// <summary>The driver's name for a result, and its description.</summary>
    public static (string Name, string Description) Describe(int result)
    {
        string? name = cuGetErrorName(result, out byte* n) == Success ? Marshal.PtrToStringUTF8((nint)n) : null;
        string? text = cuGetErrorString(result, out byte* t) == Success ? Marshal.PtrToStringUTF8((nint)t) : null;
        return (name ?? $"error {result}", text ?? "no description");
    }

    [LibraryImport(Library)]
    public static partial int cuGetErrorName(int error, out byte* name);

    [LibraryImport(Library)]
    public static partial int cuGetErrorString(int error, out byte* text);

    [LibraryImport(Library)]
    public static partial int cuInit(uint flags);

    [LibraryImport(Library)]
    public static partial int cuDriverGetVersion(out int version);

    [LibraryImport(Library)]
    public static partial int cuDeviceGetCount(out int count);

    [LibraryImport(Library)]
    public static partial int cuDeviceGet(out int device, int index);

    [LibraryImport(Library)]
    public static partial int cuDeviceGetName(byte* name, int length, int device);

    [LibraryImport(Library)]
    public static partial int cuDeviceTotalMem_v2(out nuint bytes, int device);

    [LibraryImport(Library)]
    public static partial int cuDeviceGetAttribute(out int value, int attribute, int device);

    [LibraryImport(Library)]
    public static partial int cuDevicePrimaryCtxRetain(out nint context, int device);

    [LibraryImport(Library)]
    public static partial int cuCtxGetDevice(out int device);

    [LibraryImport(Library)]
    public static partial int cuCtxPushCurrent_v2(nint context);

    [LibraryImport(Library)]
    public static partial int cuCtxPopCurrent_v2(out nint context);

    [LibraryImport(Library)]
    public static partial int cuMemGetInfo_v2(out nuint free, out nuint total);

    [LibraryImport(Library)]
    public static partial int cuMemAlloc_v2(out ulong pointer, nuint bytes);

    [LibraryImport(Library)]
    public static partial int cuMemFree_v2(ulong pointer);

    [LibraryImport(Library)]
    public static partial int cuMemHostAlloc(out nint pointer, nuint bytes, uint flags);

    [LibraryImport(Library)]
    public static partial int cuMemFreeHost(nint pointer);

    [LibraryImport(Library)]
    public static partial int cuMemHostRegister_v2(void* pointer, nuint bytes, uint flags);

    [LibraryImport(Library)]
    public static partial int cuMemHostUnregister(void* pointer);

    [LibraryImport(Library)]
    public static partial int cuPointerGetAttribute(void* value, int attribute, ulong pointer);

    [LibraryImport(Library)]
    public static partial int cuMemcpyHtoDAsync_v2(ulong to, void* from, nuint bytes, nint stream);

    [LibraryImport(Library)]
    public static partial int cuMemcpyDtoHAsync_v2(void* to, ulong from, nuint bytes, nint stream);

    [LibraryImport(Library)]
    public static partial int cuMemcpyDtoDAsync_v2(ulong to, ulong from, nuint bytes, nint stream);

    [LibraryImport(Library)]
    public static partial int cuMemsetD32Async(ulong to, uint value, nuint count, nint stream);

    [LibraryImport(Library)]
    public static partial int cuStreamCreateWithPriority(out nint stream, uint flags, int priority);

    [LibraryImport(Library)]
    public static partial int cuStreamDestroy_v2(nint stream);

    [LibraryImport(Library)]
    public static partial int cuStreamSynchronize(nint stream);

    [LibraryImport(Library)]
    public static partial int cuStreamWaitEvent(nint stream, nint awaited, uint flags);

    [LibraryImport(Library)]
    public static partial int cuEventCreate(out nint created, uint flags);

    [LibraryImport(Library)]
    public static partial int cuEventDestroy_v2(nint destroyed);

    [LibraryImport(Library)]
    public static partial int cuEventRecord(nint recorded, nint stream);

    [LibraryImport(Library)]
    public static partial int cuEventSynchronize(nint awaited);

    [LibraryImport(Library)]
    public static partial int cuModuleLoadDataEx(out nint module, byte* image, uint optionCount, int* options, void** values);

    [LibraryImport(Library)]
    public static partial int cuModuleGetFunction(out nint function, nint module, byte* name);

    [LibraryImport(Library)]
    public static partial int cuFuncSetAttribute(nint function, int attribute, int value);

    [LibraryImport(Library)]
    public static partial int cuLaunchKernel(
        nint function,
        uint gridX,
        uint gridY,
        uint gridZ,
        uint blockX,
        uint blockY,
        uint blockZ,
        uint sharedBytes,
        nint stream,
        void** parameters,
        void** extra);

    [LibraryImport(Library)]
    public static partial int cuLaunchKernelEx(LaunchConfiguration* configuration, nint function, void** parameters, void** extra);

    private static nint Load() => NativeLibrary.TryLoad(FileName, out nint handle) ? handle : 0;
}
