using System.Runtime.CompilerServices;
using NetTopologySuite.Geometries;
using TorchSharp;
using Tensor = TorchSharp.torch.Tensor;

namespace GpuKMeans.Spatial;

/// <summary><see cref="KMeansClusteringTool"/> on <see cref="torch.Tensor"/> embeddings and data loaders of TorchSharp.</summary>
public static class TensorClustering
{
    /// <inheritdoc cref="KMeansClusteringTool.Run"/>
    public static ClusteredFeatures Run<TId>(
        this KMeansClusteringTool tool,
        IReadOnlyList<TId> ids,
        Tensor embeddings,
        IReadOnlyList<Geometry?>? geometries = null,
        string? crs = "EPSG:4326",
        IReadOnlyList<FeatureColumn>? columns = null,
        Tensor? weights = null,
        IProgress<FitProgress>? progress = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(tool);
        using VectorSource rows = TensorVectors.Of(embeddings, nameof(embeddings));
        return tool.Run(ids, rows, geometries, crs, columns, TensorWeights.Of(weights, rows.Count), progress, cancellationToken);
    }

    /// <summary>Clusters all rows of a data loader, which is read once and whose rows are kept in memory.</summary>
    /// <param name="tool">The tool.</param>
    /// <param name="loader">Batches by name, such as a <c>torch.utils.data.DataLoader</c> gives.</param>
    /// <param name="keys">How the parts of a batch are called; "id", "embedding" and "geometry" when null.</param>
    /// <param name="crs">The reference system of the geometries, as for <see cref="KMeansClusteringTool.Run"/>.</param>
    /// <param name="progress">Is told how far clustering has come.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    /// <returns>The rows in the order they came, each with its cluster; ids are int64.</returns>
    /// <remarks>
    /// Ids are whole numbers, N or N×1. Geometries, where there are any, are N×2 (x, y) for points or N×4 (least x and y, greatest
    /// x and y) for boxes. A row of NaN has none, nor have those of a batch that comes without.
    /// </remarks>
    /// <exception cref="ArgumentException">A batch lacks a part, or one is of another shape or type; the message says which.</exception>
    public static ClusteredFeatures Run(
        this KMeansClusteringTool tool,
        IEnumerable<Dictionary<string, Tensor>> loader,
        LoaderKeys? keys = null,
        string? crs = "EPSG:4326",
        IProgress<FitProgress>? progress = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(tool);
        ArgumentNullException.ThrowIfNull(loader);
        var batches = new LoaderBatches(keys ?? new LoaderKeys());
        using var embeddings = new KeptRows();
        List<long> ids = [];
        List<Geometry?> geometries = [];
        bool located = false;
        foreach (Dictionary<string, Tensor> batch in loader)
        {
            cancellationToken.ThrowIfCancellationRequested();
            long rows = embeddings.Add(batches.Embeddings(batch));
            ids.AddRange(batches.Ids(batch, rows));
            Geometry?[]? shapes = batches.Geometries(batch, rows);
            located |= shapes is not null;
            geometries.AddRange(shapes ?? new Geometry?[rows]);
        }

        if (embeddings.Count == 0)
        {
            throw TensorErrors.NoBatches();
        }

        using Tensor all = embeddings.Take();
        return tool.Run(ids, all, located ? geometries : null, crs, null, null, progress, cancellationToken);
    }

    /// <summary>Clusters the rows of a data loader that can be read again and again, of which only a few batches are ever kept.</summary>
    /// <param name="tool">The tool.</param>
    /// <param name="loader">
    /// Batches by name, such as a <c>torch.utils.data.DataLoader</c> gives: the same rows each time, in any order.
    /// </param>
    /// <param name="keys">How the parts of a batch are called; "id", "embedding" and "geometry" when null.</param>
    /// <param name="crs">The reference system of the geometries, as for <see cref="KMeansClusteringTool.Run"/>.</param>
    /// <param name="options">How the vectors are read in training; the defaults of <see cref="StreamOptions"/> when null.</param>
    /// <param name="progress">Is told how far clustering has come.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    /// <returns>The rows with their clusters, in batches as the loader gives them, for an exporter to write as they come.</returns>
    /// <remarks>Ids and geometries are as <see cref="Run(KMeansClusteringTool, IEnumerable{Dictionary{string, Tensor}}, LoaderKeys?, string?, IProgress{FitProgress}?, CancellationToken)"/> takes them.</remarks>
    public static IAsyncEnumerable<ClusteredFeatures> RunAsync(
        this KMeansClusteringTool tool,
        IEnumerable<Dictionary<string, Tensor>> loader,
        LoaderKeys? keys = null,
        string? crs = "EPSG:4326",
        StreamOptions? options = null,
        IProgress<FitProgress>? progress = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(tool);
        return tool.RunAsync(loader.AsFeatures(keys, crs), options, progress, cancellationToken);
    }

    /// <summary>Views a data loader as features, for whatever takes a <see cref="FeatureSource"/>; its first batch is read at once.</summary>
    /// <param name="loader">
    /// Batches by name, such as a <c>torch.utils.data.DataLoader</c> gives: the same rows each time, in any order.
    /// </param>
    /// <param name="keys">How the parts of a batch are called; "id", "embedding" and "geometry" when null.</param>
    /// <param name="crs">The reference system of the geometries, as for <see cref="KMeansClusteringTool.Run"/>.</param>
    /// <exception cref="ArgumentException">The first batch lacks a part, or one is of another shape or type; the message says which.</exception>
    public static FeatureSource AsFeatures(
        this IEnumerable<Dictionary<string, Tensor>> loader, LoaderKeys? keys = null, string? crs = "EPSG:4326")
    {
        ArgumentNullException.ThrowIfNull(loader);
        var batches = new LoaderBatches(keys ?? new LoaderKeys());
        foreach (Dictionary<string, Tensor> first in loader)
        {
            FeatureBatch features = batches.Features(first, located: false);
            return new LoaderFeatures(
                loader, batches, (int)batches.Embeddings(first).shape[1], features.Geometries is not null, crs);
        }

        throw TensorErrors.NoBatches();
    }

    private sealed class LoaderFeatures(
        IEnumerable<Dictionary<string, Tensor>> loader, LoaderBatches batches, int dimension, bool located, string? crs)
        : FeatureSource(dimension, null, canRepeat: true, crs is null ? null : CoordinateReferenceSystem.Parse(crs))
    {
        // Training needs neither ids nor geometries.
        public override VectorStream Vectors => loader.Select(batches.Embeddings).AsStream();

        public override async IAsyncEnumerable<FeatureBatch> ReadAsync([EnumeratorCancellation] CancellationToken cancellationToken)
        {
            foreach (Dictionary<string, Tensor> batch in loader)
            {
                cancellationToken.ThrowIfCancellationRequested();
                yield return batches.Features(batch, located);
            }

            await Task.CompletedTask.ConfigureAwait(false);
        }
    }
}
