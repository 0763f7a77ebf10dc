using System.Diagnostics;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text.RegularExpressions;
using GpuKMeans.Engines.Cuda;
using GpuKMeans.Engines.Cuda.Driver;

namespace GpuKMeans.Tests.Cuda;

public partial class CudaDriverTests
{
    [Fact]
    public void Without_a_driver_the_list_is_empty_and_the_error_says_what_is_missing()
    {
        if (CudaNative.IsPresent)
        {
            Assert.Skip("There is an NVIDIA driver.");
        }

        Assert.Empty(CudaDevices.List());
        Assert.False(CudaEngine.IsAvailable());
        var error = Assert.Throws<PlatformNotSupportedException>(() => CudaEngine.Create(1));
        Assert.StartsWith("cuda:1 cannot be used: the NVIDIA driver's library (", error.Message, StringComparison.Ordinal);
        Assert.Contains(CudaNative.FileName, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_number_too_high_says_how_many_gpus_there_are()
    {
        using (Gpu.Engine())
        {
            int count = CudaDevices.List().Count;
            var error = Assert.Throws<PlatformNotSupportedException>(() => CudaEngine.Create(count));
            Assert.Contains(count == 1 ? "there is one GPU" : $"there are {count} GPUs", error.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Memory_that_is_not_there_is_an_error_with_the_numbers()
    {
        using (Gpu.Engine())
        {
            using var memory = new DeviceMemory(CudaContext.Of(0));
            var error = Assert.Throws<InsufficientMemoryException>(() => memory.Allocate(1L << 45, "the test"));
            Assert.Contains("has no room for the test: 33,554,432 MB are needed", error.Message, StringComparison.Ordinal);
            Assert.Contains("are free", error.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Every_kernel_takes_a_structure_of_the_size_that_is_passed()
    {
        // Kernel → the one structure it takes; several kernels share some.
        Dictionary<string, int> sizes = typeof(AssignArgs).Assembly.GetTypes()
            .Where(t => t.Namespace == typeof(AssignArgs).Namespace && t.Name.EndsWith("Args", StringComparison.Ordinal))
            .ToDictionary(t => t.Name, Size);
        int kernels = 0;
        foreach (string source in Directory.GetFiles(KernelFolder(), "*.cu"))
        {
            string code = File.ReadAllText(source), ptx = File.ReadAllText(Path.ChangeExtension(source, ".ptx"));
            foreach (Match match in EntryPattern().Matches(ptx))
            {
                string kernel = match.Groups[1].Value;
                string argument = Regex.Match(code, $@"\b{kernel}\((\w+) a\)").Groups[1].Value;
                Assert.True(sizes.TryGetValue(argument, out int size), $"{kernel} takes {argument}, which KernelArguments.cs lacks.");
                Assert.True(size == int.Parse(match.Groups[2].Value), $"{argument} has {size} bytes, {kernel} takes {match.Groups[2].Value}.");
                kernels++;
            }
        }

        Assert.Equal(Enum.GetValues<Kernel>().Length, kernels);
    }

    [Fact]
    public void The_committed_ptx_is_what_the_sources_give()
    {
        if (!OperatingSystem.IsLinux() || !File.Exists("/usr/bin/clang-19"))
        {
            Assert.Skip("clang-19 is not on this machine.");
        }

        using Process process = Process.Start(new ProcessStartInfo(Path.Combine(KernelFolder(), "build.sh"), "--check")
        {
            RedirectStandardError = true,
        })!;
        string errors = process.StandardError.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, errors);
    }

    private static string KernelFolder([CallerFilePath] string here = "")
    {
        string folder = Path.Combine(Path.GetDirectoryName(here)!, "../../../src/GpuKMeans/Engines/Cuda/Kernels");
        if (!Directory.Exists(folder))
        {
            Assert.Skip("The sources are not on this machine.");
        }

        return folder;
    }

    private static int Size(Type type) => (int)typeof(Unsafe).GetMethod(nameof(Unsafe.SizeOf), BindingFlags.Public | BindingFlags.Static)!
        .MakeGenericMethod(type).Invoke(null, null)!;

    [GeneratedRegex(@"\.entry (\w+)\(\s*\.param \.align 8 \.b8 \w+\[(\d+)\]")]
    private static partial Regex EntryPattern();
}
