// Times mini-batch steps on tensors, by both ways that rows on a GPU can take, and says how far the centres are from those
// of the CPU engine. One JSON object a line; arguments: device rows columns clusters batch.
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using GpuKMeans;
using GpuKMeans.Engines;
using GpuKMeans.Engines.Cpu;
using GpuKMeans.Engines.Cuda;
using GpuKMeans.Engines.Torch;
using TorchSharp;
using Tensor = TorchSharp.torch.Tensor;

const int StepsAtOnce = 8, Calls = 100, Repeats = 7;
torch.Device device = new(args[0]);
int[] shape = [.. args[1..5].Select(text => int.Parse(text, CultureInfo.InvariantCulture))];
(int n, int d, int k, int batch) = (shape[0], shape[1], shape[2], shape[3]);

torch.InitializeDeviceType(device.type);
using var generator = new torch.Generator(1, torch.CPU);
using Tensor places = torch.randn([k, d], generator: generator) * 2;
using Tensor which = torch.randint(0, k, n, generator: generator);
using Tensor host = places.index_select(0, which) + torch.randn([n, d], generator: generator);
using Tensor rows = host.to(device);
using Tensor chosen = host.narrow(0, 0, k).clone();
float[] start = chosen.data<float>().ToArray();
using VectorSource vectors = rows.AsVectors(), hostVectors = host.AsVectors();
var frame = new RowFrame(new float[d], Normalize: false);

using KMeansEngine cpu = new CpuEngine(-1);
float[] expected = Centers(cpu, hostVectors, out int[] labels);
using KMeansEngine tensors = new TorchEngine(device);
Report("tensors", tensors);
if (device.type == DeviceType.CUDA && CudaEngine.IsAvailable())
{
    using KMeansEngine kernels = CudaEngine.Create(0);
    Report("kernels", kernels);
}

using var kmeans = new MiniBatchKMeans(new KMeansOptions
{
    ClusterCount = k, Initialization = KMeansInitialization.FromCenters(To2D(start)), ReassignmentRatio = 0,
});
Tensor[] parts = [.. Enumerable.Range(0, Math.Min(n / batch, Calls)).Select(i => rows.narrow(0, i * batch, batch))];
Print("partial_fit", Time(() =>
{
    foreach (Tensor part in parts)
    {
        kmeans.PartialFit(part);
    }
}) / parts.Length, null, null);

float[] Centers(KMeansEngine engine, VectorSource source, out int[] found)
{
    using EngineData data = engine.Load(source, default, frame);
    engine.SetCenters(start, new double[k], frame);
    var figures = new StepStatistics[StepsAtOnce];
    for (int call = 0; call < 25; call++)
    {
        engine.RunSteps(data, RowOrder.Shuffled(n, (ulong)call), 0, batch, figures);
    }

    float[] centers = new float[k * d];
    engine.GetCenters(centers);
    found = new int[n];
    engine.Assign(data, 0, found, []);
    return centers;
}

void Report(string way, KMeansEngine engine)
{
    float[] centers = Centers(engine, vectors, out int[] found);
    double largest = expected.Max(Math.Abs);
    double off = centers.Zip(expected, (a, b) => Math.Abs(a - b)).Max() / largest;
    int differ = found.Zip(labels).Count(pair => pair.First != pair.Second);
    using EngineData data = engine.Load(vectors, default, frame);
    var figures = new StepStatistics[StepsAtOnce];
    ulong seed = 0;
    double seconds = Time(() =>
    {
        for (int call = 0; call < Calls; call++)
        {
            engine.RunSteps(data, RowOrder.Shuffled(n, seed++), 0, batch, figures);
        }
    }) / (Calls * StepsAtOnce);
    Print(way, seconds, off, differ);
}

double Time(Action work)
{
    work();
    double[] seconds = new double[Repeats];
    for (int i = 0; i < Repeats; i++)
    {
        long begin = Stopwatch.GetTimestamp();
        work();
        seconds[i] = Stopwatch.GetElapsedTime(begin).TotalSeconds;
    }

    return seconds.Order().ElementAt(Repeats / 2);
}

void Print(string way, double seconds, double? off, int? differ) => Console.WriteLine(JsonSerializer.Serialize(new
{
    way, device = args[0], rows = n, columns = d, clusters = k, batch, microseconds = Math.Round(seconds * 1e6, 1),
    centers_off = off, labels_that_differ = differ,
}));

float[,] To2D(float[] values)
{
    float[,] result = new float[k, d];
    Buffer.BlockCopy(values, 0, result, 0, values.Length * sizeof(float));
    return result;
}
