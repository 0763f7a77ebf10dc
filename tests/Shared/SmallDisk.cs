using System.ComponentModel;
using System.Diagnostics;

namespace GpuKMeans;

/// <summary>A disk of a size of our choice, for as long as a test; the test is skipped where none can be had.</summary>
internal sealed class SmallDisk : IDisposable
{
    public SmallDisk(string folder, string size)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "A disk of a size of our choice takes Linux.");
        Folder = Directory.CreateDirectory(folder).FullName;
        Assert.SkipUnless(Run("mount", "-t", "tmpfs", "-o", $"size={size}", "tmpfs", Folder), "Mounting a small disk takes root.");
    }

    public string Folder { get; }

    public string[] Files() => [.. Directory.EnumerateFiles(Folder).Select(file => Path.GetFileName(file))];

    // A file that is still open would keep it from being unmounted.
    public void Dispose() => Assert.True(Run("umount", Folder), "A file on the disk is still open.");

    private static bool Run(string program, params string[] arguments)
    {
        try
        {
            using Process process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true })!;
            process.StandardError.ReadToEnd();
            process.WaitForExit();
            return process.ExitCode == 0;
        }
        catch (Win32Exception)
        {
            return false;
        }
    }
}
