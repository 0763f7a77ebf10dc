using TorchSharp;
using Tensor = TorchSharp.torch.Tensor;

namespace GpuKMeans;

/// <summary>Weights of rows from tensors.</summary>
internal static class TensorWeights
{
    /// <summary>The weights on the host; empty for none.</summary>
    public static ReadOnlyMemory<float> Of(Tensor? weights)
    {
        if (weights is null)
        {
            return default;
        }

        if (weights.dim() != 1)
        {
            throw TensorErrors.WeightRank(weights);
        }

        using var scope = torch.NewDisposeScope();
        float[] values = new float[weights.shape[0]];
        HostMemory.Download<float>(weights.detach().to(torch.ScalarType.Float32).contiguous(), values);
        return values;
    }
}
