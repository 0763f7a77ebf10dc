using TorchSharp;
using Tensor = TorchSharp.torch.Tensor;

namespace GpuKMeans;

/// <summary>
/// Copies of a loader's rows that outlive its batches: they are of no dispose scope, neither of one of the loader's nor of the
/// caller's.
/// </summary>
internal sealed class KeptRows : IDisposable
{
    private readonly List<Tensor> _parts = [];

    /// <summary>How many there are.</summary>
    public long Count { get; private set; }

    /// <summary>Copies the rows of a batch.</summary>
    /// <returns>How many they are.</returns>
    public long Add(Tensor batch)
    {
        using TensorVectors rows = TensorVectors.Of(batch, "loader");
        if (_parts is [var first, ..])
        {
            if (first.shape[1] != rows.Dimension)
            {
                throw TensorErrors.OtherDimension(rows.Dimension, first.shape[1]);
            }

            if (first.device.ToString() != rows.Rows.device.ToString())
            {
                throw TensorErrors.OtherDevice(rows.Rows.device, first.device);
            }
        }

        _parts.Add(rows.Rows.clone().DetachFromDisposeScope());
        Count += rows.Count;
        return rows.Count;
    }

    /// <summary>Makes one tensor of all rows, which is the caller's; nothing else is left of them.</summary>
    public Tensor Take()
    {
        Tensor all = torch.cat(_parts, 0).DetachFromDisposeScope();
        Dispose();
        return all;
    }

    public void Dispose()
    {
        _parts.ForEach(part => part.Dispose());
        _parts.Clear();
    }
}
