using System.Buffers;
using System.Numerics.Tensors;
using GpuKMeans.Engines.Cuda.Driver;

namespace GpuKMeans.Engines.Cuda;

/// <summary>Rows for the CUDA engine: on the GPU where they fit, else read from their source each time.</summary>
internal sealed unsafe class CudaData : EngineData
{
    private readonly ReadOnlyMemory<float> _weights;
    private readonly RowRing _ring;
    private readonly DeviceMemory _memory;
    private MemoryHandle _pin;
    private nint _lock;
    private long _sent;
    private RowLengths? _rowLengths;

    public CudaData(VectorSource source, ReadOnlyMemory<float> weights, RowFrame frame, DeviceMemory memory, RowRing ring)
        : base(source.Count, source.Dimension, frame)
    {
        Source = source;
        _weights = weights;
        (_memory, _ring) = (memory, ring);
        Rows = new DeviceBuffer<float>(memory, "the rows");
        DeviceWeights = new DeviceBuffer<float>(memory, "the weights of the rows");
        Labels = new DeviceBuffer<int>(memory, "a label a row");
        Distances = new DeviceBuffer<float>(memory, "a distance a row");
        if (source.TryPin(out _pin))
        {
            Host = (float*)_pin.Pointer;
            HostOnDevice = HostLock.Share((nint)Host, Bytes, out _lock);
        }
    }

    public VectorSource Source { get; }

    /// <summary>The rows where they lie in host memory as float32; null where they must be read.</summary>
    public float* Host { get; }

    /// <summary>Where the GPU finds the rows in host memory by itself; 0 where it cannot.</summary>
    public ulong HostOnDevice { get; private set; }

    /// <summary>Whether the rows are on the GPU.</summary>
    public bool IsResident => Rows.Pointer != 0;

    /// <summary>Whether rows have weights of their own.</summary>
    public bool IsWeighted => !_weights.IsEmpty;

    /// <summary>The weights on the host; empty for weights of 1.</summary>
    public ReadOnlySpan<float> Weights => _weights.Span;

    /// <summary>The rows on the GPU, scaled to unit length where the frame says so; empty where they are streamed.</summary>
    public DeviceBuffer<float> Rows { get; }

    /// <summary>The weights on the GPU; empty for weights of 1.</summary>
    public DeviceBuffer<float> DeviceWeights { get; }

    /// <summary>The labels of the last Lloyd pass.</summary>
    public DeviceBuffer<int> Labels { get; }

    /// <summary>The squared distances of the last Lloyd pass.</summary>
    public DeviceBuffer<float> Distances { get; }

    /// <summary>How long rows are, by some of them: from all over where they lie in memory, else the first.</summary>
    public RowLengths RowLengths => _rowLengths ??= Frame.Normalize ? new(1, 1) : MeasureRows();

    private long Bytes => Count * Dimension * sizeof(float);

    /// <summary>
    /// Counts rows that go to the GPU: those that go again and again are locked in memory, which takes about as long as two
    /// passes through other buffers.
    /// </summary>
    public void CountSent(long rows)
    {
        _sent += rows;
        if (_sent > 2 * Count && _sent - rows <= 2 * Count && Host != null && HostOnDevice == 0)
        {
            HostOnDevice = HostLock.Take((nint)Host, Bytes, out _lock);
        }
    }

    private RowLengths MeasureRows()
    {
        // Of few rows and of long ones fewer, so that little is read beside what is clustered.
        int count = (int)Math.Min(Math.Clamp(Math.Min((1 << 22) / Dimension, Count / 32), 16, 512), Count);
        float[] row = new float[Dimension], lengths = new float[count], first = Host != null ? [] : new float[count * Dimension];
        if (Host == null)
        {
            Source.Read(0, first);
        }

        ReadOnlySpan<float> origin = Frame.Origin.Span;
        for (int i = 0; i < count; i++)
        {
            ReadOnlySpan<float> values = Host != null
                ? new(Host + (i * Count / count * Dimension), Dimension)
                : first.AsSpan(i * Dimension, Dimension);
            TensorPrimitives.Subtract(values, origin, row);
            lengths[i] = TensorPrimitives.Norm<float>(row);
        }

        Array.Sort(lengths);
        float Longest(int parts) => lengths[count - 1 - (count / parts)] is var length && float.IsFinite(length) ? length : 0;
        return new RowLengths(Longest(16), Host != null ? Longest(64) : 0);
    }

    // For rows that were never disposed of: their place on the GPU, and the lock and pin on those of the host.
    ~CudaData() => Dispose(disposing: false);

    protected override void Dispose(bool disposing)
    {
        // Nothing here has a finaliser but the source, whose memory is pinned.
        using CudaContext.Scope scope = _memory.Context.TryEnter();

        // After an error the GPU may still be reading and writing.
        _ring.Finish();
        Rows.Dispose();
        DeviceWeights.Dispose();
        Labels.Dispose();
        Distances.Dispose();
        HostLock.Leave(_lock);
        _lock = 0;
        _pin.Dispose();
    }
}

/// <summary>How long rows are, less the origin; 0 where it is not known.</summary>
/// <param name="Most">The length that fifteen of sixteen do not exceed.</param>
/// <param name="NearlyAll">The length that 63 of 64 do not exceed, by rows from all over.</param>
internal readonly record struct RowLengths(float Most, float NearlyAll);
