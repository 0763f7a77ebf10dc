using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace GpuKMeans.Engines.Cpu;

/// <content>Scores of a panel, folded into the best and second best as soon as they are known.</content>
internal sealed unsafe partial class Vector512Kernel
{
    // With fewer panels, bringing the places together in the end costs more than they save.
    private const int LeastPanelsInPlaces = 8;

    /// <summary>
    /// Of many panels only the best scores are carried, and the best of all panels at each place: two operations a score and not
    /// six. That is no less: the second best is the best of another panel, or at another place of the same one.
    /// </summary>
    [SkipLocalsInit]
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    protected override void AssignPanels(
        float* tile, CenterPanels panels, int firstPanel, int endPanel, in TileState state, ref RowsAhead ahead)
    {
        if (endPanel - firstPanel < LeastPanelsInPlaces)
        {
            base.AssignPanels(tile, panels, firstPanel, endPanel, state, ref ahead);
            return;
        }

        // Whole lines of the cache.
        byte* room = stackalloc byte[((Wide + 4) * Rows * sizeof(float))];
        float* places = (float*)(((nuint)room + 63) & ~(nuint)63), best = places + (Wide * Rows);
        var ofPanels = new TileState(best, best + Rows, null, null, null, (int*)(best + (2 * Rows)));
        ofPanels.Reset(Rows);
        new Span<float>(places, Wide * Rows).Fill(float.NegativeInfinity);

        for (int panel = firstPanel; panel < endPanel; panel++)
        {
            ahead.BringSome();
            AnyPanel(
                tile,
                panels.Starts(panel),
                panels.Lines(panel),
                panels.Dimension,
                panels.Width(panel),
                panels.FirstCenter(panel),
                ofPanels,
                places);
        }

        AddPlaces(places, ofPanels, state);
    }

    protected override void AssignPanel(
        float* tile, float* start, float* lines, int dimension, int width, int center, in TileState state) =>
        AnyPanel(tile, start, lines, dimension, width, center, state, null);

    // Without places every score goes into the state.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void AnyPanel(
        float* tile, float* start, float* lines, int dimension, int width, int center, in TileState state, float* places)
    {
        if (width == Wide)
        {
            WidePanel(tile, start, lines, dimension, center, state, places);
        }
        else
        {
            TailPanel(tile, start, lines, dimension, center, state, places);
        }
    }

    // The best of the panels and of the places are the best of all.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void AddPlaces(float* places, in TileState ofPanels, in TileState state)
    {
        for (int lane = 0; lane < Rows; lane += Lanes)
        {
            Running all = Running.Load(state, lane), panel = Running.Load(ofPanels, lane), place = Running.None;
            for (int i = 0; i < Wide; i++)
            {
                place.Add(Vector512.Load(places + (i * Rows) + lane), i);
            }

            all.Add(panel, place);
            all.Store(state, lane);
        }
    }

    // The best at a place so far.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Keep(float* places, int place, Vector512<float> low, Vector512<float> high)
    {
        float* at = places + (place * Rows);
        Vector512.MaxNative(low, Vector512.Load(at)).Store(at);
        Vector512.MaxNative(high, Vector512.Load(at + Lanes)).Store(at + Lanes);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> Best(Vector512<float> a, Vector512<float> b, Vector512<float> c, Vector512<float> d) =>
        Vector512.MaxNative(Vector512.MaxNative(a, b), Vector512.MaxNative(c, d));

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void WidePanel(float* tile, float* start, float* lines, int dimension, int center, in TileState state, float* places)
    {
        Vector512<float> a0 = Vector512.Create(start[0]), b0 = a0;
        Vector512<float> a1 = Vector512.Create(start[1]), b1 = a1;
        Vector512<float> a2 = Vector512.Create(start[2]), b2 = a2;
        Vector512<float> a3 = Vector512.Create(start[3]), b3 = a3;
        Vector512<float> a4 = Vector512.Create(start[4]), b4 = a4;
        Vector512<float> a5 = Vector512.Create(start[5]), b5 = a5;
        Vector512<float> a6 = Vector512.Create(start[6]), b6 = a6;
        Vector512<float> a7 = Vector512.Create(start[7]), b7 = a7;
        Vector512<float> a8 = Vector512.Create(start[8]), b8 = a8;
        Vector512<float> a9 = Vector512.Create(start[9]), b9 = a9;
        Vector512<float> a10 = Vector512.Create(start[10]), b10 = a10;
        Vector512<float> a11 = Vector512.Create(start[11]), b11 = a11;
        float* end = tile + ((long)dimension * Rows);
        for (; tile < end; tile += Rows, lines += 12)
        {
            Vector512<float> x = Vector512.Load(tile), y = Vector512.Load(tile + Lanes), c;
            c = Vector512.Create(lines[0]);
            a0 = Vector512.FusedMultiplyAdd(x, c, a0);
            b0 = Vector512.FusedMultiplyAdd(y, c, b0);
            c = Vector512.Create(lines[1]);
            a1 = Vector512.FusedMultiplyAdd(x, c, a1);
            b1 = Vector512.FusedMultiplyAdd(y, c, b1);
            c = Vector512.Create(lines[2]);
            a2 = Vector512.FusedMultiplyAdd(x, c, a2);
            b2 = Vector512.FusedMultiplyAdd(y, c, b2);
            c = Vector512.Create(lines[3]);
            a3 = Vector512.FusedMultiplyAdd(x, c, a3);
            b3 = Vector512.FusedMultiplyAdd(y, c, b3);
            c = Vector512.Create(lines[4]);
            a4 = Vector512.FusedMultiplyAdd(x, c, a4);
            b4 = Vector512.FusedMultiplyAdd(y, c, b4);
            c = Vector512.Create(lines[5]);
            a5 = Vector512.FusedMultiplyAdd(x, c, a5);
            b5 = Vector512.FusedMultiplyAdd(y, c, b5);
            c = Vector512.Create(lines[6]);
            a6 = Vector512.FusedMultiplyAdd(x, c, a6);
            b6 = Vector512.FusedMultiplyAdd(y, c, b6);
            c = Vector512.Create(lines[7]);
            a7 = Vector512.FusedMultiplyAdd(x, c, a7);
            b7 = Vector512.FusedMultiplyAdd(y, c, b7);
            c = Vector512.Create(lines[8]);
            a8 = Vector512.FusedMultiplyAdd(x, c, a8);
            b8 = Vector512.FusedMultiplyAdd(y, c, b8);
            c = Vector512.Create(lines[9]);
            a9 = Vector512.FusedMultiplyAdd(x, c, a9);
            b9 = Vector512.FusedMultiplyAdd(y, c, b9);
            c = Vector512.Create(lines[10]);
            a10 = Vector512.FusedMultiplyAdd(x, c, a10);
            b10 = Vector512.FusedMultiplyAdd(y, c, b10);
            c = Vector512.Create(lines[11]);
            a11 = Vector512.FusedMultiplyAdd(x, c, a11);
            b11 = Vector512.FusedMultiplyAdd(y, c, b11);
        }

        Running low = Running.Load(state, 0), high = Running.Load(state, Lanes);
        if (places is not null)
        {
            Keep(places, 0, a0, b0);
            Keep(places, 1, a1, b1);
            Keep(places, 2, a2, b2);
            Keep(places, 3, a3, b3);
            Keep(places, 4, a4, b4);
            Keep(places, 5, a5, b5);
            Keep(places, 6, a6, b6);
            Keep(places, 7, a7, b7);
            Keep(places, 8, a8, b8);
            Keep(places, 9, a9, b9);
            Keep(places, 10, a10, b10);
            Keep(places, 11, a11, b11);
            low.Add(Vector512.MaxNative(Vector512.MaxNative(Best(a0, a1, a2, a3), Best(a4, a5, a6, a7)), Best(a8, a9, a10, a11)), center);
            high.Add(Vector512.MaxNative(Vector512.MaxNative(Best(b0, b1, b2, b3), Best(b4, b5, b6, b7)), Best(b8, b9, b10, b11)), center);
            low.Store(state, 0);
            high.Store(state, Lanes);
            return;
        }

        low.Add(a0, center);
        high.Add(b0, center);
        low.Add(a1, center + 1);
        high.Add(b1, center + 1);
        low.Add(a2, center + 2);
        high.Add(b2, center + 2);
        low.Add(a3, center + 3);
        high.Add(b3, center + 3);
        low.Add(a4, center + 4);
        high.Add(b4, center + 4);
        low.Add(a5, center + 5);
        high.Add(b5, center + 5);
        low.Add(a6, center + 6);
        high.Add(b6, center + 6);
        low.Add(a7, center + 7);
        high.Add(b7, center + 7);
        low.Add(a8, center + 8);
        high.Add(b8, center + 8);
        low.Add(a9, center + 9);
        high.Add(b9, center + 9);
        low.Add(a10, center + 10);
        high.Add(b10, center + 10);
        low.Add(a11, center + 11);
        high.Add(b11, center + 11);
        low.Store(state, 0);
        high.Store(state, Lanes);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void TailPanel(float* tile, float* start, float* lines, int dimension, int center, in TileState state, float* places)
    {
        Vector512<float> a0 = Vector512.Create(start[0]), b0 = a0;
        Vector512<float> a1 = Vector512.Create(start[1]), b1 = a1;
        Vector512<float> a2 = Vector512.Create(start[2]), b2 = a2;
        Vector512<float> a3 = Vector512.Create(start[3]), b3 = a3;
        float* end = tile + ((long)dimension * Rows);
        for (; tile < end; tile += Rows, lines += 4)
        {
            Vector512<float> x = Vector512.Load(tile), y = Vector512.Load(tile + Lanes), c;
            c = Vector512.Create(lines[0]);
            a0 = Vector512.FusedMultiplyAdd(x, c, a0);
            b0 = Vector512.FusedMultiplyAdd(y, c, b0);
            c = Vector512.Create(lines[1]);
            a1 = Vector512.FusedMultiplyAdd(x, c, a1);
            b1 = Vector512.FusedMultiplyAdd(y, c, b1);
            c = Vector512.Create(lines[2]);
            a2 = Vector512.FusedMultiplyAdd(x, c, a2);
            b2 = Vector512.FusedMultiplyAdd(y, c, b2);
            c = Vector512.Create(lines[3]);
            a3 = Vector512.FusedMultiplyAdd(x, c, a3);
            b3 = Vector512.FusedMultiplyAdd(y, c, b3);
        }

        Running low = Running.Load(state, 0), high = Running.Load(state, Lanes);
        if (places is not null)
        {
            Keep(places, 0, a0, b0);
            Keep(places, 1, a1, b1);
            Keep(places, 2, a2, b2);
            Keep(places, 3, a3, b3);
            low.Add(Best(a0, a1, a2, a3), center);
            high.Add(Best(b0, b1, b2, b3), center);
            low.Store(state, 0);
            high.Store(state, Lanes);
            return;
        }

        low.Add(a0, center);
        high.Add(b0, center);
        low.Add(a1, center + 1);
        high.Add(b1, center + 1);
        low.Add(a2, center + 2);
        high.Add(b2, center + 2);
        low.Add(a3, center + 3);
        high.Add(b3, center + 3);
        low.Store(state, 0);
        high.Store(state, Lanes);
    }
}
