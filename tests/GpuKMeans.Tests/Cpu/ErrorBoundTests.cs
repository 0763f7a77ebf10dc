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

    public static TheoryData<string, int> CoarseCases => new(
        from kernel in CpuKernels.Available
        where kernel.HasCoarse
        from dimension in (int[])[1, 2, 7, 16, 33, 100, 768]
        select (kernel.Name, dimension));

    [Theory(SkipTestWithoutData = true), MemberData(nameof(CoarseCases))]
    public void No_score_in_16_bits_is_farther_from_the_true_one_than_its_rows_bound_allows(string name, int dimension)
    {
        CpuKernel kernel = CpuKernels.Choose(name);
        double worst = 0;
        foreach (string kind in TestData.Kinds)
        {
            worst = Math.Max(worst, WorstCoarseShare(kernel, TestData.Make(kind, kernel.TileRows, dimension, 29, seed: dimension)));
        }

        Assert.InRange(worst, 1e-3, 1);
    }

    /// <summary>The greatest error of a score of a tile in 16 bits as a share of what its row's bound allows it.</summary>
    private static double WorstCoarseShare(CpuKernel kernel, TestSet set)
    {
        (int d, int rows) = (set.Dimension, set.Count);
        float[] origin = Oracle.Mean(set.Rows, d), tile = new float[rows * d], kept = new float[8 * rows];
        int[] coarseTile = new int[rows * CoarsePanels.PairsOf(d)];
        float*[] pointers = new float*[rows];
        double worst = 0;
        fixed (float* values = set.Rows, centers = set.Centers, middle = origin, t = tile, s = kept)
        fixed (int* pairs = coarseTile)
        fixed (float** p = pointers)
        {
            for (int i = 0; i < rows; i++)
            {
                p[i] = values + (i * d);
            }

            var state = new TileState(
                s, s + rows, s + (2 * rows), s + (3 * rows), s + (4 * rows), (int*)(s + (5 * rows)), s + (6 * rows));
            float* units = stackalloc float[rows], scores = s + (7 * rows);
            kernel.Pack(p, d, middle, t, state.Squares);
            for (int j = 0; j < set.Clusters; j++)
            {
                // A centre by itself, so that the best score of its panel is its own.
                using var panels = new CenterPanels(kernel, 1, d);
                using var coarse = new CoarsePanels(kernel, panels);
                panels.Set(0, centers + (j * d), middle);
                coarse.Set(0);
                state.Reset(rows);
                RowsAhead ahead = default;
                kernel.CoarsenRows(t, d, coarse.Moved(), pairs, state, units);
                kernel.AssignCoarse(pairs, units, coarse, 0, 1, state, scores, ref ahead);
                for (int i = 0; i < rows; i++)
                {
                    (double exact, double length) = Score(set, origin, i, j);
                    double allowed = state.TwoG[i] / 2 * length * ((0.5 * length) + Math.Sqrt(state.Squares[i]));
                    worst = Math.Max(worst, exact == scores[i] ? 0 : Math.Abs(scores[i] - exact) / allowed);
                }
            }
        }

        return worst;
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

                kernel.ScoreRow(row, panels, 0, panels.PanelCount, score);
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
