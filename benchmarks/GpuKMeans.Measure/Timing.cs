using System.Diagnostics;

namespace GpuKMeans.Measure;

/// <summary>Seconds of the same work done again and again.</summary>
internal sealed record Timing(double[] Seconds)
{
    /// <summary>For so long work is repeated before it is timed: until then times still fall, ours and the peers'.</summary>
    private static readonly TimeSpan WarmUpTime = TimeSpan.FromSeconds(3);

    public double Median { get; } = MedianOf(Seconds);

    /// <summary>Times work.</summary>
    /// <param name="repeat">How often.</param>
    /// <param name="work">What is timed.</param>
    /// <param name="prepare">What is done before each time, and not timed.</param>
    /// <param name="warmUp">What is done first, and not timed; null for the work itself.</param>
    public static Timing Of(int repeat, Action work, Action? prepare = null, Action? warmUp = null)
    {
        for (long start = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(start) < WarmUpTime;)
        {
            prepare?.Invoke();
            (warmUp ?? work)();
        }

        var seconds = new double[repeat];
        for (int i = 0; i < repeat; i++)
        {
            prepare?.Invoke();
            long start = Stopwatch.GetTimestamp();
            work();
            seconds[i] = Stopwatch.GetElapsedTime(start).TotalSeconds;
        }

        return new(seconds);
    }

    private static double MedianOf(double[] values)
    {
        double[] sorted = [.. values.Order()];
        return sorted.Length == 0 ? double.NaN : (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }
}
