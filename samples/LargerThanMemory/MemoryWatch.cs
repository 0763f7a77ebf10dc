using System.Diagnostics;
using System.Globalization;

namespace LargerThanMemory;

/// <summary>Takes down the most memory the process has had of its own: without the pages of mapped files, where the system tells them apart.</summary>
internal sealed class MemoryWatch : IDisposable
{
    private readonly Timer _timer;

    public MemoryWatch() => _timer = new Timer(_ => Look(), null, TimeSpan.Zero, TimeSpan.FromMilliseconds(50));

    /// <summary>Bytes.</summary>
    public long Peak { get; private set; }

    public void Dispose() => _timer.Dispose();

    private void Look() => Peak = Math.Max(Peak, Now());

    private static long Now()
    {
        const string Own = "RssAnon:";
        if (OperatingSystem.IsLinux())
        {
            string? line = File.ReadLines("/proc/self/status").FirstOrDefault(text => text.StartsWith(Own, StringComparison.Ordinal));
            if (line is not null)
            {
                return long.Parse(line[Own.Length..].Replace("kB", "", StringComparison.Ordinal), CultureInfo.InvariantCulture) << 10;
            }
        }

        using var process = Process.GetCurrentProcess();
        return process.PrivateMemorySize64;
    }
}
