using GpuKMeans.Engines.Cpu;
using TorchSharp;
using Tensor = TorchSharp.torch.Tensor;

namespace GpuKMeans.Engines.Torch;

/// <summary>
/// The engine on any device of TorchSharp, as tensor programs: products in float32 where the rows lie, and all that must be
/// exact in float64, beside them or, for a device without float64, on the CPU.
/// </summary>
/// <remarks>
/// For devices that no engine of the core reaches. Where the environment variable GPUKMEANS_TORCH_ENGINE is "always", for all
/// tensors.
/// </remarks>
internal sealed partial class TorchEngine : KMeansEngine
{
    // The most values of a matrix of rows × clusters, or rows × columns, that is made at once.
    private const int HostValues = 1 << 21;
    private const int DeviceValues = 1 << 23;

    private readonly torch.Device _device;
    private readonly torch.Device _exact;
    private readonly bool _waits;
    private readonly int _valuesAtOnce;

    /// <summary>Makes an engine.</summary>
    /// <param name="device">Where rows are, and their products with centres.</param>
    public TorchEngine(torch.Device device)
        : this(device, device.type == DeviceType.MPS ? torch.CPU : device, waits: device.type != DeviceType.CUDA)
    {
    }

    /// <summary>Makes an engine of a form that a test wants.</summary>
    /// <param name="device">Where rows are, and their products with centres.</param>
    /// <param name="exact">Where float64 is.</param>
    /// <param name="waits">
    /// Whether the host may look at each step what has been found; else a step whose products are few measures in float64 at once, and
    /// is queued whole.
    /// </param>
    public TorchEngine(torch.Device device, torch.Device exact, bool waits)
    {
        torch.InitializeDeviceType(device.type);
        (_device, _exact, _waits) = (device, exact, waits);
        _valuesAtOnce = device.type == DeviceType.CPU ? HostValues : DeviceValues;
    }

    /// <summary>Whether this engine is to take the place of the core's.</summary>
    public static bool IsForced => Environment.GetEnvironmentVariable("GPUKMEANS_TORCH_ENGINE") == "always";

    public override Device Device => Device.Foreign($"torch:{_device}");

    public override string Name => $"TorchSharp on {_device}";

    private int RowsAtOnce => Math.Max(1, _valuesAtOnce / Math.Max(Clusters, Dimension));

    public override EngineData Load(VectorSource rows, ReadOnlyMemory<float> weights, RowFrame frame, bool once = false)
    {
        using var scope = torch.NewDisposeScope();
        Tensor values = rows is TensorVectors tensor ? tensor.Rows.to(_device).alias() : Upload(rows);
        if (frame.Normalize)
        {
            values = UnitRows.Of(values, _exact, rows, 0);
        }

        Tensor? hostWeights = weights.IsEmpty ? null
            : HostMemory.Upload(weights.Span, torch.ScalarType.Float32, torch.CPU, weights.Length).to(torch.ScalarType.Float64).to(_exact);
        return new TorchData(
            values.DetachFromDisposeScope(), hostWeights?.DetachFromDisposeScope(), rows, weights, frame);
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            ReleaseCenters();
        }
    }

    /// <summary>Copies rows of any source to the device, some at a time.</summary>
    private Tensor Upload(VectorSource source)
    {
        int dimension = source.Dimension, most = Math.Max(1, DeviceValues / dimension);
        Tensor rows = torch.empty(source.Count, dimension, torch.ScalarType.Float32, _device);
        using Tensor piece = torch.empty(Math.Min(most, source.Count), dimension, torch.ScalarType.Float32, torch.CPU);
        for (long start = 0; start < source.Count; start += most)
        {
            int count = (int)Math.Min(most, source.Count - start);
            source.Read(start, HostMemory.ValuesOf<float>(piece)[..(count * dimension)]);
            using Tensor to = rows.narrow(0, start, count), from = piece.narrow(0, 0, count);
            to.copy_(from);
        }

        return rows;
    }
}
