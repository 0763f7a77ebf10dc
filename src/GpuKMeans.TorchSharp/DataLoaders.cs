using GpuKMeans.Spatial;
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
    /// train in several passes, give <see cref="AsStream(IEnumerable{Tensor})"/> to <see cref="MiniBatchKMeans.FitAsync"/>.
    /// </remarks>
    /// <exception cref="ArgumentException">A batch is unfit, or all of them have fewer rows than clusters.</exception>
    public static MiniBatchKMeans PartialFit(this MiniBatchKMeans estimator, IEnumerable<Tensor> loader)
    {
        ArgumentNullException.ThrowIfNull(estimator);
        ArgumentNullException.ThrowIfNull(loader);
        using var first = new KeptRows();
        foreach (Tensor batch in loader)
        {
            if (estimator.IsFitted)
            {
                estimator.PartialFit(batch);
            }
            else if (first.Add(batch) > 0 && first.Count >= estimator.Options.ClusterCount)
            {
                using Tensor rows = first.Take();
                estimator.PartialFit(rows);
            }
        }

        return estimator.IsFitted ? estimator : throw TensorErrors.TooFewRows(first.Count, estimator.Options.ClusterCount);
    }

    /// <inheritdoc cref="PartialFit(MiniBatchKMeans, IEnumerable{Tensor})"/>
    /// <param name="estimator">The estimator.</param>
    /// <param name="loader">Batches by name, such as a <c>torch.utils.data.DataLoader</c> gives.</param>
    /// <param name="key">How the vectors are called.</param>
    public static MiniBatchKMeans PartialFit(
        this MiniBatchKMeans estimator, IEnumerable<Dictionary<string, Tensor>> loader, string key = "embedding")
    {
        ArgumentNullException.ThrowIfNull(loader);
        return estimator.PartialFit(loader.Select(batch => LoaderBatches.Part(batch, key)));
    }

    /// <inheritdoc cref="PartialFit(MiniBatchKMeans, IEnumerable{Tensor})"/>
    /// <param name="estimator">The estimator.</param>
    /// <param name="loader">Batches of several tensors, such as a loader over a <c>TensorDataset</c> gives; the vectors come first.</param>
    public static MiniBatchKMeans PartialFit(this MiniBatchKMeans estimator, IEnumerable<IList<Tensor>> loader)
    {
        ArgumentNullException.ThrowIfNull(loader);
        return estimator.PartialFit(loader.Select(batch => batch[0]));
    }

    /// <summary>Views a loader as a stream, for whatever takes a <see cref="VectorStream"/>; its first batch is read at once.</summary>
    /// <param name="loader">N×D batches: the same rows each time. They are brought to the host as they come.</param>
    /// <exception cref="ArgumentException">The first batch is unfit, or there is none.</exception>
    public static VectorStream AsStream(this IEnumerable<Tensor> loader)
    {
        ArgumentNullException.ThrowIfNull(loader);
        foreach (Tensor first in loader)
        {
            using VectorSource rows = TensorVectors.Of(first, nameof(loader));
            int dimension = rows.Dimension;
            return VectorStream.FromBatches(loader.Select(batch => OnHost(batch, dimension)), dimension, canRepeat: true);
        }

        throw TensorErrors.NoBatches();
    }

    /// <inheritdoc cref="AsStream(IEnumerable{Tensor})"/>
    /// <param name="loader">Batches by name, such as a <c>torch.utils.data.DataLoader</c> gives.</param>
    /// <param name="key">How the vectors are called.</param>
    public static VectorStream AsStream(this IEnumerable<Dictionary<string, Tensor>> loader, string key = "embedding")
    {
        ArgumentNullException.ThrowIfNull(loader);
        return loader.Select(batch => LoaderBatches.Part(batch, key)).AsStream();
    }

    /// <inheritdoc cref="AsStream(IEnumerable{Tensor})"/>
    /// <param name="loader">Batches of several tensors, such as a loader over a <c>TensorDataset</c> gives; the vectors come first.</param>
    public static VectorStream AsStream(this IEnumerable<IList<Tensor>> loader)
    {
        ArgumentNullException.ThrowIfNull(loader);
        return loader.Select(batch => batch[0]).AsStream();
    }

    private static ReadOnlyMemory<float> OnHost(Tensor batch, int dimension)
    {
        using TensorVectors rows = TensorVectors.Of(batch, "loader");
        return rows.Dimension == dimension ? rows.ToArray() : throw TensorErrors.OtherDimension(rows.Dimension, dimension);
    }
}
