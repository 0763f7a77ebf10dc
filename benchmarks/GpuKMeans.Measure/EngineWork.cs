using System.CommandLine;
using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using GpuKMeans.Engines;

namespace GpuKMeans.Measure;

/// <summary>What the commands that begin with given centres have in common: an engine with rows and centres.</summary>
internal sealed class EngineWork : IDisposable
{
    private readonly string _file;
    private readonly int _threads;
    private readonly RowFrame _frame;

    private EngineWork(string file, VectorSource rows, float[,] centers, Device device, int threads)
    {
        (_file, _threads, Rows, Centers) = (file, threads, rows, centers);
        Engine = EngineFactory.Create(device, threads);
        _frame = new RowFrame(Middle(centers), Normalize: false);
        Data = Engine.Load(rows, default, _frame);
    }

    public MemoryWatch Memory { get; } = new();

    public VectorSource Rows { get; }

    /// <summary>The centres given.</summary>
    public float[,] Centers { get; }

    public KMeansEngine Engine { get; }

    public EngineData Data { get; }

    public static EngineWork Open(ParseResult parsed)
    {
        string file = parsed.GetValue(CommonOptions.Data)!;
        return new(
            file,
            Npy.Rows(file, parsed.GetValue(CommonOptions.Mapped)),
            Npy.Matrix(parsed.GetValue(CommonOptions.Centers)!),
            parsed.GetValue(CommonOptions.Device),
            parsed.GetValue(CommonOptions.Threads));
    }

    /// <summary>Begins anew with the centres given.</summary>
    public void SetCenters() => Engine.SetCenters(Span(Centers), new double[Centers.GetLength(0)], _frame);

    /// <summary>The inertia of all rows with the centres as they are now.</summary>
    public double FinalInertia()
    {
        var labels = new int[Rows.Count];
        Engine.Assign(Data, 0, labels, []);
        var centers = new float[Centers.GetLength(0), Centers.GetLength(1)];
        Engine.GetCenters(Span(centers));
        return Inertia.Of(Rows, centers, labels);
    }

    public JsonObject Describe() => new()
    {
        ["device"] = Engine.Device.ToString(),
        ["engine_detail"] = Engine.Name,
        ["threads"] = _threads,
        ["data"] = Path.GetFileName(_file),
        ["rows"] = Rows.Count,
        ["dimension"] = Rows.Dimension,
        ["clusters"] = Centers.GetLength(0),
    };

    public void Dispose()
    {
        Data.Dispose();
        Engine.Dispose();
        Rows.Dispose();
        Memory.Dispose();
    }

    /// <summary>The mean of the centres lies near enough to the middle of the data.</summary>
    private static float[] Middle(float[,] centers)
    {
        var middle = new float[centers.GetLength(1)];
        for (int i = 0; i < centers.Length; i++)
        {
            middle[i % middle.Length] += centers[i / middle.Length, i % middle.Length] / centers.GetLength(0);
        }

        return middle;
    }

    private static Span<float> Span(float[,] matrix) => MemoryMarshal.CreateSpan(ref matrix[0, 0], matrix.Length);
}
