using TorchSharp;
using Tensor = TorchSharp.torch.Tensor;

namespace GpuKMeans.Engines.Torch;

/// <content>Labels: float32 scores for all, then float64 distances for the rows they leave undecided.</content>
internal sealed partial class TorchEngine
{
    // 2⁻²⁴, the rounding of float32; of TensorFloat-32, whose products are taken where the application allows it, 2⁻¹¹.
    private const double Rounding = 1.0 / (1 << 24);
    private const double TensorFloatRounding = 1.0 / (1 << 11);

    // Of a row that is allowed, less an origin among such rows.
    private const float LargestShiftedSquare = RowCheck.LargestSquaredNorm * 4.01f;

    private static readonly Scalar s_one = 1;

    public override double Assign(EngineData data, long start, Span<int> labels, Span<float> squaredDistances)
    {
        var source = (TorchData)data;
        double inertia = 0;
        for (int done = 0; done < labels.Length; done += RowsAtOnce)
        {
            using var scope = torch.NewDisposeScope();
            int count = Math.Min(RowsAtOnce, labels.Length - done);
            Part part = PartOf(source, start + done, count);
            Tensor nearest = FindLabels(part);
            HostMemory.Download(nearest.to(torch.ScalarType.Int32), labels.Slice(done, count));
            if (!squaredDistances.IsEmpty)
            {
                Tensor squares = Squares(part, nearest);
                HostMemory.Download(squares.to(torch.ScalarType.Float32), squaredDistances.Slice(done, count));
                inertia += Weighted(squares, part.Weights).sum().item<double>();
            }
        }

        return inertia;
    }

    public override void Distances(EngineData data, long start, Span<float> squaredDistances)
    {
        int count = squaredDistances.Length / Clusters;
        for (int done = 0; done < count; done += RowsAtOnce)
        {
            using var scope = torch.NewDisposeScope();
            int rows = Math.Min(RowsAtOnce, count - done);
            Tensor distances = Measure(Exactly(PartOf((TorchData)data, start + done, rows).Rows), _centers!.Exact);
            HostMemory.Download(
                (distances * distances).to(torch.ScalarType.Float32), squaredDistances.Slice(done * Clusters, rows * Clusters));
        }
    }

    /// <summary>Consecutive rows, as they lie.</summary>
    private static Part PartOf(TorchData data, long start, long count) => new(
        data, data.Rows.narrow(0, start, count), data.Weights?.narrow(0, start, count), RowOrder.Sequential(data.Count), start);

    /// <summary>Distances by differences, not by products: equal rows are at 0, and equal distances equal.</summary>
    private static Tensor Measure(Tensor rows, Tensor centers) =>
        torch.cdist(rows, centers, 2, compute_mode.donot_use_mm_for_euclid_dist);

    private static Tensor Weighted(Tensor values, Tensor? weights) => weights is null ? values : values * weights;

    private Tensor Exactly(Tensor values) => values.to(_exact).to(torch.ScalarType.Float64);

    /// <summary>Finds the lowest-numbered nearest centre of each row: int64, where float64 is. Waits for the device.</summary>
    private Tensor FindLabels(in Part part)
    {
        _centers!.PrepareProducts();

        // ‖c‖²/2 − x·c orders centres as the distance does.
        Tensor shifted = part.Rows - _centers.Origin;
        Tensor squares = (shifted * shifted).sum(1);
        Tensor scores = _centers.HalfSquares.addmm(shifted, _centers.Shifted.t(), 1, -1);
        (Tensor least, Tensor label) = scores.min(1);
        Tensor limit = least + Margin(squares);
        Tensor rivals = scores.le(limit.unsqueeze(1)).sum(1);
        Tensor undecided = (rivals.eq(1) & squares.le(LargestShiftedSquare)).logical_not().nonzero().squeeze(1);
        Tensor labels = label.to(_exact);
        long count = undecided.shape[0];
        for (long start = 0; start < count; start += RowsAtOnce)
        {
            Tensor places = undecided.narrow(0, start, Math.Min(RowsAtOnce, count - start));
            Tensor rows = Exactly(part.Rows.index_select(0, places));
            Tensor settled = Measure(rows, _centers.Exact).min(1).indexes;
            Tensor unfit = (rows * rows).sum(1).le(RowCheck.LargestSquaredNorm).logical_not();
            if (unfit.any().item<bool>())
            {
                long first = unfit.to(torch.ScalarType.Float32).argmax().item<long>();
                part.Refuse(places[first].item<long>());
            }

            labels.index_copy_(0, places.to(_exact), settled);
        }

        return labels;
    }

    /// <summary>
    /// The most that two scores of a row can be off together. With γ the bound of a sum of D products (Higham, "Accuracy and
    /// Stability of Numerical Algorithms", 3.5), the error of a score is at most γ·‖x‖·‖c‖ + u·‖c‖²; the last term
    /// is for what falls below float32's normal numbers.
    /// </summary>
    private Tensor Margin(Tensor squares)
    {
        double product = (Dimension + 8) * Rounding, square = 4 * Rounding;
        bool full = _device.type == DeviceType.CPU
            || (_device.type == DeviceType.CUDA && !torch.backends.cuda.matmul.allow_tf32);
        if (!full)
        {
            // Or a device that does not tell what it makes of float32.
            product += 2.1 * TensorFloatRounding;
        }

        Tensor reach = _centers!.Reach;
        return (squares.sqrt() * (reach * (2.1 * product))) + ((reach * reach * (2.1 * square)) + ((Dimension + 8) * 1e-37));
    }

    /// <summary>Squared distances to the centres of labels, from differences, in float64.</summary>
    private Tensor Squares(in Part part, Tensor labels)
    {
        Tensor differences = Exactly(part.Rows) - _centers!.Exact.index_select(0, labels);
        return (differences * differences).sum(1);
    }

    /// <summary>Rows that are worked on together.</summary>
    /// <param name="Data">The data they are of.</param>
    /// <param name="Rows">n×D float32.</param>
    /// <param name="Weights">n float64, or null.</param>
    /// <param name="Order">The order they are taken in.</param>
    /// <param name="Position">The place of the first.</param>
    private readonly record struct Part(TorchData Data, Tensor Rows, Tensor? Weights, RowOrder Order, long Position)
    {
        /// <summary>Throws the error for the row at a place of the part.</summary>
        public void Refuse(long place) => Data.Refuse(Order[Position + place]);
    }
}
