using TorchSharp;
using Tensor = TorchSharp.torch.Tensor;

namespace GpuKMeans;

/// <summary>K-means of <see cref="torch.Tensor"/> rows, where they lie.</summary>
/// <remarks>
/// <para>
/// Rows are an N×D tensor. One of contiguous float32 is read in place; float64, float16, bfloat16 and other layouts are
/// converted first. Whether a tensor wants a gradient does not matter; results have none.
/// </para>
/// <para>
/// With <see cref="Device.Auto"/>, rows in the memory of a GPU are computed on there: by the CUDA engine where the GPU has
/// compute capability 8.0, else by TorchSharp, which also computes on all other devices. Rows in the host's memory, and rows on
/// another device than one asked for, are taken there as arrays are. Labels are exact on every device, and the same bits come
/// from the same call; between a tensor on a device and the same rows in the host's memory, sums may differ in their last bits.
/// </para>
/// </remarks>
public static class TensorExtensions
{
    /// <summary>Views an N×D tensor as rows, for whatever takes a <see cref="VectorSource"/>.</summary>
    /// <param name="rows">The rows. Leave them unchanged while the source is in use; they may be disposed of.</param>
    /// <exception cref="ArgumentException">The tensor is no N×D tensor of floating-point numbers; the message says what it is.</exception>
    public static VectorSource AsVectors(this Tensor rows) => TensorVectors.Of(rows, nameof(rows));

    /// <inheritdoc cref="MiniBatchKMeans.Fit"/>
    public static MiniBatchKMeans Fit(
        this MiniBatchKMeans estimator,
        Tensor data,
        Tensor? weights = null,
        IProgress<FitProgress>? progress = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(estimator);
        using VectorSource rows = TensorVectors.Of(data, nameof(data));
        return estimator.Fit(rows, TensorWeights.Of(weights, rows.Count), progress, cancellationToken);
    }

    /// <inheritdoc cref="KMeans.Fit"/>
    public static KMeans Fit(
        this KMeans estimator,
        Tensor data,
        Tensor? weights = null,
        IProgress<FitProgress>? progress = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(estimator);
        using VectorSource rows = TensorVectors.Of(data, nameof(data));
        return estimator.Fit(rows, TensorWeights.Of(weights, rows.Count), progress, cancellationToken);
    }

    /// <inheritdoc cref="MiniBatchKMeans.FitPredict"/>
    /// <returns>N labels, int64, on the device of the rows.</returns>
    public static Tensor FitPredict(
        this MiniBatchKMeans estimator,
        Tensor data,
        Tensor? weights = null,
        IProgress<FitProgress>? progress = null,
        CancellationToken cancellationToken = default) =>
        LabelsOf(estimator.Fit(data, weights, progress, cancellationToken), data);

    /// <inheritdoc cref="KMeans.FitPredict"/>
    /// <returns>N labels, int64, on the device of the rows.</returns>
    public static Tensor FitPredict(
        this KMeans estimator,
        Tensor data,
        Tensor? weights = null,
        IProgress<FitProgress>? progress = null,
        CancellationToken cancellationToken = default) =>
        LabelsOf(estimator.Fit(data, weights, progress, cancellationToken), data);

    /// <inheritdoc cref="MiniBatchKMeans.PartialFit"/>
    public static MiniBatchKMeans PartialFit(this MiniBatchKMeans estimator, Tensor batch, Tensor? weights = null)
    {
        ArgumentNullException.ThrowIfNull(estimator);
        using VectorSource rows = TensorVectors.Of(batch, nameof(batch));
        return estimator.PartialFit(rows, TensorWeights.Of(weights, rows.Count));
    }

    /// <inheritdoc cref="Predict(KMeansModel, Tensor, CancellationToken)"/>
    public static Tensor Predict(this KMeansEstimator estimator, Tensor data, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(estimator);
        return estimator.Model.Predict(data, cancellationToken);
    }

    /// <inheritdoc cref="Transform(KMeansModel, Tensor, CancellationToken)"/>
    public static Tensor Transform(this KMeansEstimator estimator, Tensor data, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(estimator);
        return estimator.Model.Transform(data, cancellationToken);
    }

    /// <inheritdoc cref="KMeansModel.Score"/>
    public static double Score(
        this KMeansEstimator estimator, Tensor data, Tensor? weights = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(estimator);
        return estimator.Model.Score(data, weights, cancellationToken);
    }

    /// <inheritdoc cref="GetClusterCenters(KMeansModel, torch.Device?)"/>
    public static Tensor GetClusterCenters(this KMeansEstimator estimator, torch.Device? device = null)
    {
        ArgumentNullException.ThrowIfNull(estimator);
        return estimator.Model.GetClusterCenters(device);
    }

    /// <summary>Finds the nearest centre of each row.</summary>
    /// <param name="model">The model.</param>
    /// <param name="data">N rows.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    /// <returns>N labels, int64, on the device of the rows.</returns>
    /// <exception cref="ArgumentException">The dimension differs, or a row is unfit; the message names it.</exception>
    public static Tensor Predict(this KMeansModel model, Tensor data, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        using VectorSource rows = TensorVectors.Of(data, nameof(data));
        return ToTensor(model.Predict(rows, cancellationToken), data.device);
    }

    /// <summary>Distances from each row to each centre: true distances, not squared; under cosine, 1 − cos.</summary>
    /// <param name="model">The model.</param>
    /// <param name="data">N rows.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    /// <returns>N×K distances, float32, on the device of the rows.</returns>
    /// <exception cref="ArgumentException">The dimension differs, or a row is unfit; the message names it.</exception>
    public static Tensor Transform(this KMeansModel model, Tensor data, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        using VectorSource rows = TensorVectors.Of(data, nameof(data));
        float[,] distances = model.Transform(rows, cancellationToken);
        return torch.from_array(distances, torch.ScalarType.Float32, data.device);
    }

    /// <inheritdoc cref="KMeansModel.Score"/>
    public static double Score(
        this KMeansModel model, Tensor data, Tensor? weights = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        using VectorSource rows = TensorVectors.Of(data, nameof(data));
        return model.Score(rows, TensorWeights.Of(weights, rows.Count), cancellationToken);
    }

    /// <summary>The centres as a tensor: K×D, float32 (under cosine, of unit length). A copy.</summary>
    /// <param name="model">The model.</param>
    /// <param name="device">Where it is to be; the CPU when null.</param>
    public static Tensor GetClusterCenters(this KMeansModel model, torch.Device? device = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        return torch.from_array(model.ClusterCenters, torch.ScalarType.Float32, device ?? torch.CPU);
    }

    private static Tensor LabelsOf(KMeansEstimator estimator, Tensor data) => ToTensor([.. estimator.Labels], data.device);

    private static Tensor ToTensor(int[] labels, torch.Device device)
    {
        using var scope = torch.NewDisposeScope();
        Tensor values = HostMemory.Upload<int>(labels, torch.ScalarType.Int32, device, labels.Length);
        return values.to(torch.ScalarType.Int64).MoveToOuterDisposeScope();
    }
}
