using TorchSharp;
using TorchSharp.Modules;
using Tensor = TorchSharp.torch.Tensor;

namespace TorchSharpEmbeddings;

/// <summary>Tells a place's country by how its name is spelt; what it knows of a name before that is the name's embedding.</summary>
internal sealed class NameNetwork : torch.nn.Module<Tensor, Tensor>
{
    private const int Hidden = 64, Dimension = 32;

#pragma warning disable CA2213 // A module disposes of those registered with it.
    private readonly EmbeddingBag _runs;
    private readonly Linear _embedding;
    private readonly Linear _country;
#pragma warning restore CA2213

    public NameNetwork(int countries)
        : base(nameof(NameNetwork))
    {
        _runs = torch.nn.EmbeddingBag(Runs.Kinds, Hidden, padding_index: Runs.None);
        _embedding = torch.nn.Linear(Hidden, Dimension);
        _country = torch.nn.Linear(Dimension, countries);
        RegisterComponents();
    }

    /// <summary>A score for each country.</summary>
    public override Tensor forward(Tensor runs)
    {
        using Tensor embedding = Embed(runs);
        return _country.call(embedding);
    }

    /// <summary>N×32 embeddings.</summary>
    public Tensor Embed(Tensor runs)
    {
        using var scope = torch.NewDisposeScope();
        return _embedding.call(_runs.call(runs).tanh()).tanh().MoveToOuterDisposeScope();
    }
}
