using System.CommandLine;
using GpuKMeans.Measure;

var command = new RootCommand("Measures GpuKMeans on .npy files and prints one JSON object a line, as benchmarks/peers do.")
{
    AssignCommand.Create(),
    PredictCommand.Create(),
    LloydCommand.Create(),
    StepCommand.Create(),
    InitCommand.Create(),
    FitCommand.Create(),
    PeakCommand.Create(),
    BusCommand.Create(),
    StartCommand.Create(),
};
return command.Parse(args).Invoke();
