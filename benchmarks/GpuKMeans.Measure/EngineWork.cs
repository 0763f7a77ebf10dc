using System.CommandLine;
using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using GpuKMeans.Engines;
using GpuKMeans.Engines.Cuda;

namespace GpuKMeans.Measure;

/// <summary>What the commands that begin with given centres have in common: an engine with rows and centres.</summary>
internal sealed class EngineWork : IDisposable
{
    private readonly string _file;
    private readonly string _placement;
    private readonly int _threads;
    private readonly Precision _precision;
    private readonly RowFrame _frame;

    private EngineWork(ParseResult parsed)
    {
        _file = parsed.GetValue(CommonOptions.Data)!;
        _threads = parsed.GetValue(CommonOptions.Threads);
        Centers = Npy.Matrix(parsed.GetValue(CommonOptions.Centers)!);
        _precision = parsed.GetValue(CommonOptions.Precision);
        Engine = EngineFactory.Create(parsed.GetValue(CommonOptions.Device), _threads, _precision);
        bool mapped = parsed.GetValue(CommonOptions.Mapped), pinned = parsed.GetValue(CommonOptions.Pinned);
        Rows = Npy.Rows(_file, mapped, pinned);
        _placement = pinned ? "pinned" : mapped ? "file" : "pageable";
        if (Engine is CudaEngine cuda)
        {
            cuda.ResidentLimit = parsed.GetValue(CommonOptions.Stream) ? 0 : long.MaxValue;
            _placement = cuda.ResidentLimit > 0 ? "gpu" : _placement;
        }

        _frame = new RowFrame(Middle(Centers), Normalize: false);
        Data = Engine.Load(Rows, default, _frame);
    }

    public MemoryWatch Memory { get; } = new();

    public VectorSource Rows { get; }

    /// <summary>The centres given.</summary>
    public float[,] Centers { get; }

    public KMeansEngine Engine { get; }

    public EngineData Data { get; }

    /// <summary>The options of where rows lie that every command on given centres has.</summary>
    public static Option[] Options { get; } =
    [
        CommonOptions.Data, CommonOptions.Centers, CommonOptions.Device, CommonOptions.Threads, CommonOptions.Precision,
        CommonOptions.Mapped, CommonOptions.Pinned, CommonOptions.Stream, CommonOptions.AtOnce,
    ];

    public static EngineWork Open(ParseResult parsed) => new(parsed);

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
        ["precision"] = _precision.ToString(),
        ["data"] = Path.GetFileName(_file),
        ["rows_in"] = _placement,
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
