namespace GpuKMeans.Engines;

/// <summary>The figures of one mini-batch step.</summary>
/// <param name="Inertia">The batch's sum of weight × squared distance, before the centres moved.</param>
/// <param name="Weight">The batch's sum of weights.</param>
/// <param name="CenterShift">The sum of the squared distances the centres moved.</param>
internal readonly record struct StepStatistics(double Inertia, double Weight, double CenterShift);

/// <summary>The figures of one pass of Lloyd's algorithm over all rows.</summary>
/// <param name="Inertia">The sum of weight × squared distance to the centres of this pass.</param>
/// <param name="Changed">The number of rows whose label is not the one of the pass before; all of them on the first.</param>
internal readonly record struct LloydStatistics(double Inertia, long Changed);
