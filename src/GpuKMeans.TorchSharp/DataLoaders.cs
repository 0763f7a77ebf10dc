using TorchSharp;
using Tensor = TorchSharp.torch.Tensor;

namespace GpuKMeans;

/// <summary>K-means learnt from data loaders of TorchSharp, a batch at a time.</summary>
public static class DataLoaders
{
    /// <summary>Learns from each batch of a loader once, as it comes: <see cref="TensorExtensions.PartialFit"/> for each.</summary>
    /// <param name="estimator">The estimator.</param>
    /// <param name="loader">N×D batches.</param>
    /// <returns>This estimator.</returns>
    /// <remarks>
    /// The first centres are chosen among the first batch; where that has fewer rows than clusters, the first few are one. To
    /// train in several passes with all that <see cref="MiniBatchKMeans.FitAsync"/> does, see
    /// <see cref="Spatial.TensorClustering.AsFeatures"/> and its <see cref="Spatial.FeatureSource.Vectors"/>.
    /// </remarks>
    /// <exception cref="ArgumentException">A batch is unfit, or all of them have fewer rows than clusters.</exception>
    public static MiniBatchKMeans PartialFit(this MiniBatchKMeans estimator, IEnumerable<Tensor> loader)
    {
        ArgumentNullException.ThrowIfNull(estimator);
        ArgumentNullException.ThrowIfNull(loader);
        using var scope = torch.NewDisposeScope();
        List<Tensor> first = [];
        long rows = 0;
        foreach (Tensor batch in loader)
        {
            if (estimator.IsFitted)
            {
                estimator.PartialFit(batch);
                continue;
            }

            using (VectorSource check = TensorVectors.Of(batch, nameof(loader)))
            {
                rows += check.Count;
            }

            // The loader may dispose of its batch before the next.
            first.Add(batch.detach().clone());
            if (rows >= estimator.Options.ClusterCount)
            {
                estimator.PartialFit(torch.cat(first, 0));
            }
        }

        return estimator.IsFitted ? estimator : throw TensorErrors.TooFewRows(rows, estimator.Options.ClusterCount);
    }

    /// <inheritdoc cref="PartialFit(MiniBatchKMeans, IEnumerable{Tensor})"/>
    /// <param name="estimator">The estimator.</param>
    /// <param name="loader">Batches by name, such as a <c>torch.utils.data.DataLoader</c> gives.</param>
    /// <param name="key">How the vectors are called.</param>
    public static MiniBatchKMeans PartialFit(
        this MiniBatchKMeans estimator, IEnumerable<Dictionary<string, Tensor>> loader, string key = "embedding")
    {
        ArgumentNullException.ThrowIfNull(loader);
        return estimator.PartialFit(loader.Select(
            batch => batch.TryGetValue(key, out Tensor? rows) ? rows : throw TensorErrors.NoKey(key, batch.Keys)));
    }

    /// <inheritdoc cref="PartialFit(MiniBatchKMeans, IEnumerable{Tensor})"/>
    /// <param name="estimator">The estimator.</param>
    /// <param name="loader">Batches of several tensors, such as a loader over a <c>TensorDataset</c> gives; the vectors come first.</param>
    public static MiniBatchKMeans PartialFit(this MiniBatchKMeans estimator, IEnumerable<IList<Tensor>> loader)
    {
        ArgumentNullException.ThrowIfNull(loader);
        return estimator.PartialFit(loader.Select(batch => batch[0]));
    }
}
