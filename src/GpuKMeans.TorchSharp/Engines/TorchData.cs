using TorchSharp;
using Tensor = TorchSharp.torch.Tensor;

namespace GpuKMeans.Engines.Torch;

/// <summary>Rows on a torch device.</summary>
internal sealed class TorchData : EngineData
{
    private readonly ReadOnlyMemory<float> _weights;

    public TorchData(Tensor rows, Tensor? weights, VectorSource source, ReadOnlyMemory<float> hostWeights, RowFrame frame)
        : base(source.Count, source.Dimension, frame)
    {
        (Rows, Weights, Source, _weights) = (rows, weights, source, hostWeights);
    }

    /// <summary>Where the rows came from.</summary>
    public VectorSource Source { get; }

    /// <summary>N×D float32, scaled to unit length where the frame says so.</summary>
    public Tensor Rows { get; }

    /// <summary>N float64; null for weights of 1.</summary>
    public Tensor? Weights { get; }

    /// <summary>The weights on the host; empty for weights of 1.</summary>
    public ReadOnlySpan<float> HostWeights => _weights.Span;

    /// <summary>The labels of the last Lloyd pass, int64; null before the first.</summary>
    public Tensor? Labels { get; set; }

    /// <summary>The squared distances of the last Lloyd pass, float32; null before the first.</summary>
    public Tensor? Squares { get; set; }

    /// <summary>Throws the error the CPU engine gives for a row that cannot be used.</summary>
    public void Refuse(long number)
    {
        float[] row = new float[Dimension];
        Source.Read(number, row);
        RowCheck.ThrowNotFinite(row, number);
    }

    /// <summary>Forgets what the last pass found.</summary>
    public void ForgetLabels()
    {
        Labels?.Dispose();
        Squares?.Dispose();
        (Labels, Squares) = (null, null);
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            Rows.Dispose();
            Weights?.Dispose();
            ForgetLabels();
        }
    }
}
