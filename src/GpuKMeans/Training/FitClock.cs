using System.Diagnostics;

namespace GpuKMeans;

/// <summary>Adds to what is reported how long its phase, or its pass, has taken so far.</summary>
internal sealed class FitClock : IProgress<FitProgress>
{
    private readonly IProgress<FitProgress> _listener;
    private (FitPhase Phase, int Iteration) _stretch = ((FitPhase)(-1), 0);
    private long _start;
    private long _last;
    private long _rowsBefore;

    private FitClock(IProgress<FitProgress> listener) => _listener = listener;

    public static FitClock? Over(IProgress<FitProgress>? listener) => listener is null ? null : new FitClock(listener);

    public void Report(FitProgress value)
    {
        long now = Stopwatch.GetTimestamp();
        if (_stretch.Phase != value.Phase)
        {
            // What is reported first has taken no time yet, unless it was resumed, and then in another process.
            (_start, _rowsBefore) = (now, value.RowsDone);
        }
        else if (_stretch.Iteration != value.Iteration)
        {
            // A pass begins where the one before it ended.
            (_start, _rowsBefore) = (_last, 0);
        }

        (_stretch, _last) = ((value.Phase, value.Iteration), now);
        _listener.Report(value with
        {
            Elapsed = Stopwatch.GetElapsedTime(_start, now),
            RowsTimed = value.RowsDone - _rowsBefore,
        });
    }
}
