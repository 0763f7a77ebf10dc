using GpuKMeans.Engines;
using GpuKMeans.Engines.Cpu;

namespace GpuKMeans.Tests.Cpu;

/// <summary>Engines that take a head of rows, or score them in 16 bits first, whether it pays or not.</summary>
internal static class HeadEngines
{
    /// <summary>An engine with the centres of a set, all of whose work is shared between two threads.</summary>
    /// <param name="kernel">The name of its kernel.</param>
    /// <param name="set">The set.</param>
    /// <param name="frame">The frame of its rows.</param>
    /// <param name="head">The head, −1 for none, null for what pays.</param>
    /// <param name="coarse">Whether rows are scored in 16 bits first; null for what pays.</param>
    /// <param name="rate">What a product costs in 16 bits; null to time it.</param>
    public static CpuEngine Make(string kernel, TestSet set, RowFrame frame, int? head, bool? coarse = null, double? rate = null)
    {
        var engine = new CpuEngine(
            2, CpuKernels.Choose(kernel), leastShared: 0, alwaysHead: head, alwaysCoarse: coarse, coarseRate: rate);
        engine.SetCenters(set.Centers, new double[set.Clusters], frame);
        return engine;
    }

    /// <summary>The centres after some iterations, among which rows are labelled once.</summary>
    public static float[] Lloyd(string kernel, TestSet set, int head, bool? coarse = null)
    {
        using CpuEngine engine = Make(kernel, set, set.Frame, head, coarse);
        using EngineData data = engine.Load(set.Source, set.Weights, set.Frame);
        for (int i = 0; i < 8; i++)
        {
            engine.Accumulate(data, CancellationToken.None);
            engine.MoveCenters(data, out _);
            if (i == 2)
            {
                engine.Assign(data, 0, new int[set.Count], default);
            }
        }

        float[] centers = new float[set.Centers.Length];
        engine.GetCenters(centers);
        return centers;
    }

    /// <summary>Labels all rows of a set.</summary>
    public static (int[] Labels, float[] Squares) Assign(CpuEngine engine, TestSet set, RowFrame frame)
    {
        using EngineData data = engine.Load(set.Source, default, frame);
        int[] labels = new int[set.Count];
        float[] squares = new float[set.Count];
        engine.Assign(data, 0, labels, squares);
        return (labels, squares);
    }
}
