using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace GpuKMeans.Tests.Cuda;

/// <summary>The kernels, but for what only Hopper has, on a processor: tests/GpuKMeans.Kernels.</summary>
public class EmulatedKernelTests
{
    [Fact]
    public void Kernels_run_on_a_processor_find_what_float64_does()
    {
        (int code, string output) = Run(Build(), "1");
        Assert.True(code == 0, output);
    }

    private static string Build()
    {
        string tests = Folder();
        if (!OperatingSystem.IsLinux() || RuntimeInformation.ProcessArchitecture != Architecture.X64)
        {
            Assert.Skip("The emulated GPU is written for Linux on x86-64.");
        }

        if (!File.Exists("/usr/bin/clang++-19"))
        {
            Assert.Skip("clang++-19 is not on this machine.");
        }

        string program = Path.Combine(AppContext.BaseDirectory, "kernels");
        (int code, string output) = Run(Path.Combine(tests, "build.sh"), program);
        Assert.True(code == 0, output);
        return program;
    }

    private static (int Code, string Output) Run(string program, string argument)
    {
        using Process process = Process.Start(new ProcessStartInfo(program, [argument])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        Task<string> errors = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        string output = process.StandardOutput.ReadToEnd() + errors.GetAwaiter().GetResult();
        process.WaitForExit();
        return (process.ExitCode, output);
    }

    private static string Folder([CallerFilePath] string here = "")
    {
        string folder = Path.Combine(Path.GetDirectoryName(here)!, "../../GpuKMeans.Kernels");
        if (!Directory.Exists(folder))
        {
            Assert.Skip("The sources are not on this machine.");
        }

        return folder;
    }
}
