using System.Diagnostics;
using System.Globalization;

namespace GpuKMeans.Measure;

/// <summary>
/// Follows the memory of this process that is its own: resident, and not the pages of a mapped file, which the system
/// takes back when it needs them. Linux only; 0 elsewhere.
/// </summary>
internal sealed class MemoryWatch : IDisposable
{
    private readonly Timer _timer;
    private long _peakOwn;

    public MemoryWatch() => _timer = new(_ => Sample(), null, 0, 10);

    /// <summary>The most memory that was resident since the process began, mapped files and all.</summary>
    public static long PeakResident
    {
        get
        {
            using Process process = Process.GetCurrentProcess();
            return process.PeakWorkingSet64;
        }
    }

    /// <summary>The most memory of its own that was seen.</summary>
    public long PeakOwn
    {
        get
        {
            Sample();
            return Interlocked.Read(ref _peakOwn);
        }
    }

    public void Dispose() => _timer.Dispose();

    private void Sample()
    {
        const string Status = "/proc/self/status";
        if (!File.Exists(Status))
        {
            return;
        }

        string? line = File.ReadLines(Status).FirstOrDefault(l => l.StartsWith("RssAnon:", StringComparison.Ordinal));
        if (line is not null)
        {
            long own = long.Parse(line.Split((char[])[' ', '\t'], StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) << 10;
            long seen = Interlocked.Read(ref _peakOwn);
            while (own > seen && Interlocked.CompareExchange(ref _peakOwn, own, seen) != seen)
            {
                seen = Interlocked.Read(ref _peakOwn);
            }
        }
    }
}
