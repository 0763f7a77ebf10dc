using System.Diagnostics;

namespace GpuKMeans.Engines.Cpu;

/// <summary>
/// How fast scores in 16 bits are on this machine. Two products and a sum take two operations, as do two fused multiply-adds of
/// float32 a half as long; what that gains depends on which units share them: Zen 4 takes 0.7 of the time (half, if sums kept off
/// the units that multiply), a processor with two units for everything no less than float32.
/// </summary>
internal static unsafe class CoarseRate
{
    private const int Columns = 64;
    private const int Panels = 8;
    private const int Rounds = 12;

    /// <summary>What a product in 16 bits costs, measured in products of float32; takes a tenth of a millisecond.</summary>
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

        return in16Bits / (double)Math.Max(inFloat32, 1);
    }
}
