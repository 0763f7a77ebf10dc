using GpuKMeans.Engines.Cpu;

namespace GpuKMeans.Tests.Cpu;

/// <summary>Float32 scores stay within the bound that labels rest on.</summary>
public sealed unsafe class ErrorBoundTests
{
    public static TheoryData<string, int> Cases => new(
        from kernel in CpuKernels.Available
        from dimension in (int[])[1, 2, 7, 16, 33, 100, 768]
        select (kernel.Name, dimension));

    [Theory, MemberData(nameof(Cases))]
    public void No_score_is_farther_from_the_true_one_than_the_bound_allows(string name, int dimension)
    {
        CpuKernel kernel = CpuKernels.Choose(name);
        double worst = 0;
        foreach (string kind in TestData.Kinds)
        {
            TestSet set = TestData.Make(kind, kernel.TileRows * 3, dimension, 29, seed: dimension);
            worst = Math.Max(worst, WorstShare(kernel, set));
        }

        // Near 0 would mean that scores are compared with themselves.
        Assert.InRange(worst, 1e-6, 1);
    }

    /// <summary>The greatest error of a score as a share of what the bound allows it.</summary>
    private static double WorstShare(CpuKernel kernel, TestSet set)
    {
        (int d, int k) = (set.Dimension, set.Clusters);
        float[] origin = Oracle.Mean(set.Rows, d);
        using var panels = new CenterPanels(kernel, k, d);
        float[] scores = new float[panels.ScoreRoom], shifted = new float[d];
        double worst = 0;
        fixed (float* centers = set.Centers, middle = origin, score = scores, row = shifted)
        {
            for (int panel = 0; panel < panels.PanelCount; panel++)
            {
                panels.Set(panel, centers, middle);
            }

            var bound = new ErrorBound(d, kernel.RoundingsPerTerm, panels.Longest());
            for (int i = 0; i < set.Count; i++)
            {
                float squaredNorm = 0;
                for (int column = 0; column < d; column++)
                {
                    shifted[column] = set.Rows[(i * d) + column] - origin[column];
                    squaredNorm += shifted[column] * shifted[column];
                }

                kernel.ScoreRow(row, panels, score);
                float best = scores.AsSpan(0, k).ToArray().Max();
                double allowed = bound.Margin(squaredNorm, best) / 2;
                double reach = Math.Sqrt(squaredNorm) + Math.Sqrt(Math.Max(0, squaredNorm - (2 * best)));
                for (int j = 0; j < k; j++)
                {
                    (double exact, double length) = Score(set, origin, i, j);
                    if (length <= reach)
                    {
                        worst = Math.Max(worst, Math.Abs(scores[j] - exact) / allowed);
                    }
                }
            }
        }

        return worst;
    }

    // From values shifted in float64: rounding the shift is part of the error.
    private static (double Score, double Length) Score(TestSet set, float[] origin, int row, int center)
    {
        double product = 0, squares = 0;
        for (int d = 0; d < set.Dimension; d++)
        {
            double x = (double)set.Rows[(row * set.Dimension) + d] - origin[d];
            double c = (double)set.Centers[(center * set.Dimension) + d] - origin[d];
            product += x * c;
            squares += c * c;
        }

        return (product - (0.5 * squares), Math.Sqrt(squares));
    }
}
