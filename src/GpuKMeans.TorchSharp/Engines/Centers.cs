using TorchSharp;
using Tensor = TorchSharp.torch.Tensor;

namespace GpuKMeans.Engines.Torch;

/// <summary>The centres as tensors, and what is summed to move them. All but what products need is where float64 is.</summary>
internal sealed class Centers : IDisposable
{
    private bool _productsStand;

    public Centers(int clusters, int dimension, torch.Device device, torch.Device exact)
    {
        (Clusters, Dimension) = (clusters, dimension);
        using var scope = torch.NewDisposeScope();

        // What is made in inference mode could not be changed outside of it.
        using IDisposable mode = torch.inference_mode(false);
        Tensor Make(torch.ScalarType type, torch.Device where, params long[] shape) =>
            torch.zeros(shape, type, where).DetachFromDisposeScope();

        Values = Make(torch.ScalarType.Float32, exact, clusters, dimension);
        Exact = Make(torch.ScalarType.Float64, exact, clusters, dimension);
        Means = Make(torch.ScalarType.Float64, exact, clusters, dimension);
        Sums = Make(torch.ScalarType.Float64, exact, clusters, dimension);
        Counts = Make(torch.ScalarType.Float64, exact, clusters);
        Given = Make(torch.ScalarType.Float64, exact, clusters);
        ExactOrigin = Make(torch.ScalarType.Float64, exact, dimension);
        Origin = Make(torch.ScalarType.Float32, device, dimension);
        Shifted = Make(torch.ScalarType.Float32, device, clusters, dimension);
        HalfSquares = Make(torch.ScalarType.Float32, device, clusters);
        Reach = Make(torch.ScalarType.Float32, device);
        One = torch.ones(1, torch.ScalarType.Float64, exact).DetachFromDisposeScope();
        Numbers = torch.arange(clusters, torch.ScalarType.Int64, exact).DetachFromDisposeScope();
    }

    public int Clusters { get; }

    public int Dimension { get; }

    /// <summary>K×D float32.</summary>
    public Tensor Values { get; }

    /// <summary>The same in float64.</summary>
    public Tensor Exact { get; }

    /// <summary>K×D: the running means that <see cref="Values"/> are roundings of.</summary>
    public Tensor Means { get; }

    /// <summary>The weight each has been given.</summary>
    public Tensor Counts { get; }

    /// <summary>The weighted sum of the rows of each cluster.</summary>
    public Tensor Sums { get; }

    /// <summary>Their weight.</summary>
    public Tensor Given { get; }

    /// <summary>float32; subtracted from rows and centres before products.</summary>
    public Tensor Origin { get; }

    /// <summary>Centres less the origin, in float32.</summary>
    public Tensor Shifted { get; }

    /// <summary>Half their squared length.</summary>
    public Tensor HalfSquares { get; }

    /// <summary>The greatest of their lengths.</summary>
    public Tensor Reach { get; }

    /// <summary>1 in float64.</summary>
    public Tensor One { get; }

    /// <summary>0 … K − 1.</summary>
    public Tensor Numbers { get; }

    private Tensor ExactOrigin { get; }

    public void Set(float[] centers, ReadOnlySpan<double> counts, ReadOnlySpan<float> origin)
    {
        using var scope = torch.NewDisposeScope();
        Values.copy_(HostMemory.Upload<float>(centers, torch.ScalarType.Float32, torch.CPU, Clusters, Dimension));
        Means.copy_(Values);
        Counts.copy_(HostMemory.Upload(counts, torch.ScalarType.Float64, torch.CPU, Clusters));
        Origin.copy_(HostMemory.Upload(origin, torch.ScalarType.Float32, torch.CPU, Dimension));
        ExactOrigin.copy_(Origin);
        Changed();
    }

    /// <summary>Sets the sums to 0.</summary>
    public void ClearSums()
    {
        // What changes a tensor in place gives another handle to it.
        using var scope = torch.NewDisposeScope();
        Sums.zero_();
        Given.zero_();
    }

    /// <summary>Says that <see cref="Values"/> are others now.</summary>
    public void Changed()
    {
        Exact.copy_(Values);
        _productsStand = false;
    }

    /// <summary>Sees to it that what products need is that of the values.</summary>
    public void PrepareProducts()
    {
        if (_productsStand)
        {
            return;
        }

        using var scope = torch.NewDisposeScope();
        Tensor shifted = Exact - ExactOrigin, squares = (shifted * shifted).sum(1);
        Shifted.copy_(shifted.to(torch.ScalarType.Float32));
        HalfSquares.copy_((squares / 2).to(torch.ScalarType.Float32));
        Reach.copy_(squares.max().sqrt().to(torch.ScalarType.Float32));
        _productsStand = true;
    }

    public void Dispose()
    {
        foreach (Tensor tensor in (Tensor[])[Values, Exact, Means, Counts, Sums, Given, ExactOrigin, Origin, Shifted, HalfSquares, Reach, One, Numbers])
        {
            tensor.Dispose();
        }
    }
}
