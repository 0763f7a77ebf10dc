using System.CommandLine;
using System.Text.Json.Nodes;
using GpuKMeans.Engines;

namespace GpuKMeans.Measure;

/// <summary>Mini-batch steps from given centres, on rows in shuffled order.</summary>
internal static class StepCommand
{
    public static Command Create()
    {
        Option<int> repeat = CommonOptions.Repeat(3);
        Option<int> steps = new("--steps") { Description = "How many steps", DefaultValueFactory = _ => 100 };
        var command = new Command("step", "Runs mini-batch steps from given centres")
        {
            CommonOptions.Batch, CommonOptions.Seed, repeat, steps,
        };
        EngineWork.Options.ToList().ForEach(command.Add);
        command.SetAction(parsed =>
        {
            using var work = EngineWork.Open(parsed);
            (int batch, int count) = (parsed.GetValue(CommonOptions.Batch), parsed.GetValue(steps));
            var statistics = new StepStatistics[count];
            ulong seed = (ulong)parsed.GetValue(CommonOptions.Seed);
            Timing timing = Timing.Of(parsed.GetValue(repeat), () => Steps(work, batch, seed, statistics), work.SetCenters);
            JsonObject figures = work.Describe();
            figures["batch"] = batch;
            figures["steps"] = count;
            figures.Add(timing);
            figures["seconds_per_step"] = timing.Median / count;
            figures["inertia"] = work.FinalInertia();
            Figures.Print("step", figures, work.Memory);
        });
        return command;
    }

    /// <summary>One order after another, whole batches only, as the peers take them.</summary>
    private static void Steps(EngineWork work, int batch, ulong seed, StepStatistics[] statistics)
    {
        int inOrder = checked((int)Math.Max(1, work.Rows.Count / batch));
        for (int done = 0; done < statistics.Length; done += inOrder)
        {
            RowOrder order = RowOrder.Shuffled(work.Rows.Count, seed + (ulong)done);
            int count = Math.Min(inOrder, statistics.Length - done);
            work.Engine.RunSteps(work.Data, order, 0, batch, statistics.AsSpan(done, count));
        }
    }
}
