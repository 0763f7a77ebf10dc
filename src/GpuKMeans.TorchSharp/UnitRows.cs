using GpuKMeans.Engines.Cpu;
using TorchSharp;
using Tensor = TorchSharp.torch.Tensor;

namespace GpuKMeans;

/// <summary>Scales rows to unit length, as <see cref="UnitLength"/> does.</summary>
internal static class UnitRows
{
    private const int ValuesAtOnce = 1 << 23;

    /// <summary>A scaled copy of rows, on their device.</summary>
    /// <param name="rows">N×D float32.</param>
    /// <param name="exact">Where float64 is.</param>
    /// <param name="source">Where they came from, for the error that names one.</param>
    /// <param name="first">The number of the first of them there.</param>
    public static Tensor Of(Tensor rows, torch.Device exact, VectorSource source, long first)
    {
        long count = rows.shape[0], most = Math.Max(1, ValuesAtOnce / rows.shape[1]);
        Tensor scaled = torch.empty_like(rows);
        for (long start = 0; start < count; start += most)
        {
            using var scope = torch.NewDisposeScope();
            long n = Math.Min(most, count - start);
            Tensor values = rows.narrow(0, start, n).to(exact).to(torch.ScalarType.Float64);
            Tensor squares = (values * values).sum(1);
            Refuse(squares, source, first + start);

            // A row that was scaled before stays as it is.
            Tensor norms = squares.sqrt().masked_fill_((squares - 1).abs().lt(UnitLength.AlreadyUnit), 1);
            scaled.narrow(0, start, n).copy_((values / norms.unsqueeze(1)).to(torch.ScalarType.Float32));
        }

        return scaled;
    }

    private static void Refuse(Tensor squares, VectorSource source, long first)
    {
        Tensor unfit = (squares.gt(0) & squares.isfinite()).logical_not();
        if (!unfit.any().item<bool>())
        {
            return;
        }

        long number = first + unfit.to(torch.ScalarType.Float32).argmax().item<long>();
        float[] row = new float[source.Dimension];
        source.Read(number, row);
        UnitLength.Scale(row, number);
    }
}
