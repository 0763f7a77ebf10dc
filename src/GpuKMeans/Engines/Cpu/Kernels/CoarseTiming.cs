using System.Diagnostics;

namespace GpuKMeans.Engines.Cpu;

/// <summary>
/// How fast scores in 16 bits are on this machine. 32 products of 16 bits, summed in pairs, take a multiplication and an addition; 32 of
/// float32 take two fused multiply-adds. On Zen 4 that is 0.7 of the time, for additions also go to the units that multiply;
/// where the same two units do everything it is no less.
/// </summary>
internal static unsafe class CoarseTiming
{
    private const int Columns = 64;
    private const int Panels = 8;
    private const int Rounds = 12;

    /// <summary>Times scores of rows of 64 columns; takes a tenth of a millisecond once it is compiled.</summary>
    /// <returns>What a product in 16 bits costs, measured in products of float32.</returns>
    public static double Measure(CpuKernel kernel)
    {
        int rows = kernel.TileRows, centers = Panels * kernel.PanelWidth;
        using var values = new NativeBuffer<float>((long)centers * Columns, clear: true);
        using var tile = new NativeBuffer<float>(rows * Columns, clear: true);
        using var state = new NativeBuffer<float>((7 + Panels) * rows, clear: true);
        using var panels = new CenterPanels(kernel, centers, Columns);
        using var coarse = new CoarsePanels(kernel, panels);
        for (int panel = 0; panel < Panels; panel++)
        {
            panels.Set(panel, values.Pointer, values.Pointer);
            coarse.Set(panel);
        }

        float* s = state.Pointer;
        var kept = new TileState(s, s + rows, s + (2 * rows), s + (3 * rows), s + (4 * rows), (int*)(s + (5 * rows)));
        RowsAhead nothing = default;
        long inFloat32 = long.MaxValue, in16Bits = long.MaxValue;
        for (int round = 0; round < Rounds; round++)
        {
            long start = Stopwatch.GetTimestamp();
            kernel.Assign(tile.Pointer, panels, 0, Panels, kept, ref nothing);
            long middle = Stopwatch.GetTimestamp();
            kernel.AssignCoarse((int*)tile.Pointer, s + (6 * rows), coarse, 0, Panels, kept, s + (7 * rows), ref nothing);
            long end = Stopwatch.GetTimestamp();
            (inFloat32, in16Bits) = (Math.Min(inFloat32, middle - start), Math.Min(in16Bits, end - middle));
        }

        return CoarseChoice.RateOf(in16Bits / (double)Math.Max(inFloat32, 1), Columns);
    }
}
