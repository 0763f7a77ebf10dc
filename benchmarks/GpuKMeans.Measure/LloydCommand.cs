using System.CommandLine;
using System.Text.Json.Nodes;

namespace GpuKMeans.Measure;

/// <summary>Lloyd iterations from given centres: no check of the data, no stop, no labels afterwards.</summary>
internal static class LloydCommand
{
    public static Command Create()
    {
        Option<int> repeat = CommonOptions.Repeat(1);
        Option<int> iterations = new("--iterations") { Description = "How many passes", DefaultValueFactory = _ => 10 };
        var command = new Command("lloyd", "Runs Lloyd iterations from given centres") { repeat, iterations };
        EngineWork.Options.ToList().ForEach(command.Add);
        command.SetAction(parsed =>
        {
            using var work = EngineWork.Open(parsed);
            int passes = parsed.GetValue(iterations);
            Timing timing = Timing.Of(
                parsed.GetValue(repeat),
                () =>
                {
                    for (int pass = 0; pass < passes; pass++)
                    {
                        work.Engine.Accumulate(work.Data, CancellationToken.None);
                        work.Engine.MoveCenters(work.Data, out _);
                    }
                },
                work.SetCenters);
            JsonObject figures = work.Describe();
            figures.Add(timing);
            figures["iterations"] = passes;
            figures["seconds_per_iteration"] = timing.Median / passes;
            figures["inertia"] = work.FinalInertia();
            Figures.Print("lloyd", figures, work.Memory);
        });
        return command;
    }
}
