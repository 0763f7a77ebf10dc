using System.Diagnostics;
using System.Globalization;

namespace GpuKMeans.Measure;

/// <summary>Seconds of the same work done again and again.</summary>
internal sealed record Timing(double[] Seconds)
{
    /// <summary>For so long work is repeated before it is timed: until then times still fall, ours and the peers'.</summary>
    /// <remarks>The environment variable WARM_UP_SECONDS says how long, for the peers as well.</remarks>
    private static readonly TimeSpan WarmUpTime = TimeSpan.FromSeconds(
        double.Parse(Environment.GetEnvironmentVariable("WARM_UP_SECONDS") ?? "3", CultureInfo.InvariantCulture));

    public double Median { get; } = MedianOf(Seconds);

    /// <summary>Times work.</summary>
    /// <param name="repeat">How often.</param>
    /// <param name="work">What is timed.</param>
    /// <param name="prepare">What is done before each time, and not timed.</param>
    /// <param name="warmUp">What is done first, and not timed; null for the work itself.</param>
    /// <param name="atOnce">How often the work is done each time; the time is divided by it.</param>
    /// <param name="wait">Waits for work that was only queued, before the clock is read.</param>
    public static Timing Of(
        int repeat, Action work, Action? prepare = null, Action? warmUp = null, int atOnce = 1, Action? wait = null)
    {
        for (long start = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(start) < WarmUpTime;)
        {
            prepare?.Invoke();
            (warmUp ?? work)();
            wait?.Invoke();
        }

        var seconds = new double[repeat];
        for (int i = 0; i < repeat; i++)
        {
            prepare?.Invoke();
            long start = Stopwatch.GetTimestamp();
            for (int j = 0; j < atOnce; j++)
            {
                work();
            }

            wait?.Invoke();
            seconds[i] = Stopwatch.GetElapsedTime(start).TotalSeconds / atOnce;
        }

        return new(seconds);
    }

    private static double MedianOf(double[] values)
    {
        double[] sorted = [.. values.Order()];
        return sorted.Length == 0 ? double.NaN : (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }
}
