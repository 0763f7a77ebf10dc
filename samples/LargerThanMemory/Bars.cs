using System.Globalization;
using GpuKMeans;
using Spectre.Console;

namespace LargerThanMemory;

/// <summary>What a fit reports, as bars on the console: one for each phase and pass.</summary>
internal static class Bars
{
    public static Task Show(Func<IProgress<FitProgress>?, Task> work)
    {
        // Bars in a file would be of no use.
        if (Console.IsOutputRedirected)
        {
            return work(null);
        }

        return AnsiConsole.Progress()
            .Columns(new TaskDescriptionColumn { Alignment = Justify.Left }, new ProgressBarColumn(), new PercentageColumn())
            .StartAsync(context => work(new Listener(context)));
    }

    private sealed class Listener(ProgressContext context) : IProgress<FitProgress>
    {
        private (FitPhase, int) _stretch = ((FitPhase)(-1), 0);
        private ProgressTask? _bar;

        public void Report(FitProgress value)
        {
            if (_stretch != (value.Phase, value.Iteration))
            {
                _stretch = (value.Phase, value.Iteration);
                _bar?.StopTask();
                _bar = context.AddTask("", maxValue: Math.Max(1, value.RowsTotal));
            }

            string pass = value.Iteration > 0 ? string.Create(CultureInfo.InvariantCulture, $" {value.Iteration}") : "";
            _bar!.Value = value.RowsDone;
            _bar.Description = string.Create(
                CultureInfo.InvariantCulture,
                $"{value.Phase}{pass}  {value.RowsDone:N0} rows, {value.RowsPerSecond:N0} a second{(value.TimeLeft is { } left ? $", {left:mm\\:ss} left" : "")}");
        }
    }
}
