using GpuKMeans.Engines.Cuda.Driver;

namespace GpuKMeans.Engines.Cuda;

/// <summary>Rows for the CUDA engine: on the GPU where they fit, else read from their source each time.</summary>
internal sealed class CudaData : EngineData
{
    private readonly ReadOnlyMemory<float> _weights;

    public CudaData(VectorSource source, ReadOnlyMemory<float> weights, RowFrame frame, DeviceMemory memory)
        : base(source.Count, source.Dimension, frame)
    {
        Source = source;
        _weights = weights;
        Rows = new DeviceBuffer<float>(memory, "the rows");
        DeviceWeights = new DeviceBuffer<float>(memory, "the weights of the rows");
        Labels = new DeviceBuffer<int>(memory, "a label a row");
        Distances = new DeviceBuffer<float>(memory, "a distance a row");
    }

    public VectorSource Source { get; }

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

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            Rows.Dispose();
            DeviceWeights.Dispose();
            Labels.Dispose();
            Distances.Dispose();
        }
    }
}
