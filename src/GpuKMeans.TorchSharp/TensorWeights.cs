using TorchSharp;
using Tensor = TorchSharp.torch.Tensor;

namespace GpuKMeans;

/// <summary>Weights of rows from tensors.</summary>
internal static class TensorWeights
{
    /// <summary>The weights on the host; empty for none.</summary>
    /// <param name="weights">The weights, or null.</param>
    /// <param name="rows">The number of rows, which are to have one each.</param>
    public static ReadOnlyMemory<float> Of(Tensor? weights, long rows)
    {
        if (weights is null)
        {
            return default;
        }

        if (weights.dim() != 1)
        {
            throw TensorErrors.WeightRank(weights);
        }

        // Here, for none at all would be taken for weights of 1.
        if (weights.shape[0] != rows)
        {
            throw KMeansErrors.WeightCount(weights.shape[0], rows);
        }

        using var scope = torch.NewDisposeScope();
        float[] values = new float[weights.shape[0]];
        HostMemory.Download<float>(weights.detach().to(torch.ScalarType.Float32).contiguous(), values);
        return values;
    }
}
