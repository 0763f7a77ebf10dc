using System.Diagnostics;

namespace GpuKMeans;

/// <summary>Adds to what is reported how long its phase, or its pass, has taken so far.</summary>
internal sealed class FitClock : IProgress<FitProgress>
{
    private readonly IProgress<FitProgress> _listener;
    private (FitPhase, int) _stretch = ((FitPhase)(-1), 0);
    private long _start;
    private long _rowsBefore;

    private FitClock(IProgress<FitProgress> listener) => _listener = listener;

    public static FitClock? Over(IProgress<FitProgress>? listener) => listener is null ? null : new FitClock(listener);

    public void Report(FitProgress value)
    {
        if (_stretch != (value.Phase, value.Iteration))
        {
            // What is reported first has taken no time yet, unless it is what was resumed, whose rows do not count.
            _stretch = (value.Phase, value.Iteration);
            (_start, _rowsBefore) = (Stopwatch.GetTimestamp(), value.RowsDone);
        }

        _listener.Report(value with
        {
            Elapsed = Stopwatch.GetElapsedTime(_start),
            RowsTimed = value.RowsDone - _rowsBefore,
        });
    }
}
