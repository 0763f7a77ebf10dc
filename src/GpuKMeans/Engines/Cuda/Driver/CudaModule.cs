using System.Text;

namespace GpuKMeans.Engines.Cuda.Driver;

/// <summary>Kernels of one source file, turned into machine code by the driver, which keeps the result on disk.</summary>
internal sealed unsafe class CudaModule
{
    private const int ErrorLog = 5;
    private const int ErrorLogBytes = 6;
    private const int LogCapacity = 8192;

    private readonly nint _handle;

    /// <summary>Loads PTX that is embedded in this assembly.</summary>
    /// <param name="name">The name of the source file.</param>
    public CudaModule(string name)
    {
        byte[] ptx = ReadPtx(name);
        byte* log = stackalloc byte[LogCapacity];
        log[0] = 0;
        int* options = stackalloc int[] { ErrorLog, ErrorLogBytes };
        void** values = stackalloc void*[] { log, (void*)LogCapacity };
        fixed (byte* image = ptx)
        {
            int result = CudaNative.cuModuleLoadDataEx(out _handle, image, 2, options, values);
            if (result == CudaNative.OutOfMemory)
            {
                throw CudaErrors.OutOfDeviceMemory($"the kernels of {name}");
            }

            if (result != CudaNative.Success)
            {
                int length = new ReadOnlySpan<byte>(log, LogCapacity).IndexOf((byte)0);
                throw CudaErrors.ModuleRefused(name, result, Encoding.UTF8.GetString(log, Math.Max(length, 0)));
            }
        }
    }

    /// <summary>Finds a kernel.</summary>
    public nint Function(string name)
    {
        fixed (byte* text = Encoding.ASCII.GetBytes(name + "\0"))
        {
            CudaNative.Check(CudaNative.cuModuleGetFunction(out nint function, _handle, text));
            return function;
        }
    }

    /// <summary>Whether there is a source file, or a variant, of this name.</summary>
    public static bool Exists(string name) => typeof(CudaModule).Assembly.GetManifestResourceInfo(Resource(name)) is not null;

    private static string Resource(string name) => $"GpuKMeans.Engines.Cuda.Kernels.{name}.ptx";

    private static byte[] ReadPtx(string name)
    {
        using Stream stream = typeof(CudaModule).Assembly.GetManifestResourceStream(Resource(name))
            ?? throw new InvalidOperationException($"The kernels of {name} are not in the assembly.");
        byte[] bytes = new byte[stream.Length + 1];     // the driver wants a zero at the end
        stream.ReadExactly(bytes.AsSpan(0, bytes.Length - 1));
        return bytes;
    }
}
