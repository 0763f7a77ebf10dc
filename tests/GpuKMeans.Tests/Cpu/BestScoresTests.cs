using GpuKMeans.Engines.Cpu;

namespace GpuKMeans.Tests.Cpu;

/// <summary>What kernels carry through panels: the best score, its centre, and the second best, on values that make scores exact.</summary>
public sealed unsafe class BestScoresTests
{
    public static TheoryData<string, int, int> Cases => new(
        from kernel in CpuKernels.Available
        from dimension in (int[])[1, 2, 3, 16, 65, 300]
        from clusters in (int[])[1, 2, 11, 48, 97, 100, 133, 301]
        select (kernel.Name, dimension, clusters));

    [Theory, MemberData(nameof(Cases))]
    public void The_two_best_scores_are_the_two_best_whatever_panels_they_are_in(string name, int dimension, int clusters)
    {
        CpuKernel kernel = CpuKernels.Choose(name);
        int rows = kernel.TileRows;
        var random = new Random((dimension * 1000) + clusters);

        // Small integers, so that many scores are equal.
        float[] Draw(int count) => [.. Enumerable.Range(0, count * dimension).Select(_ => (float)random.Next(-2, 3))];
        float[] values = Draw(rows), centers = Draw(clusters), origin = new float[dimension];
        using var panels = new CenterPanels(kernel, clusters, dimension);
        float[] tile = new float[rows * dimension], best = new float[rows], second = new float[rows], others = new float[3 * rows];
        int[] index = new int[rows];
        float*[] pointers = new float*[rows];
        fixed (float* x = values, c = centers, o = origin, t = tile, b = best, s = second, rest = others)
        fixed (int* i = index)
        fixed (float** p = pointers)
        {
            for (int panel = 0; panel < panels.PanelCount; panel++)
            {
                panels.Set(panel, c, o);
            }

            for (int row = 0; row < rows; row++)
            {
                p[row] = x + (row * dimension);
            }

            kernel.Pack(p, dimension, o, t, rest);
            for (int row = 0; row < rows; row++)
            {
                Assert.Equal(values.Skip(row * dimension).Take(dimension).Sum(v => v * v), others[row]);
            }

            foreach (int middle in (int[])[0, panels.PanelCount / 3])
            {
                var state = new TileState(b, s, rest, rest + rows, rest + (2 * rows), i);
                state.Reset(rows);
                RowsAhead ahead = default;
                kernel.Assign(t, panels, 0, middle, state, ref ahead);
                kernel.Assign(t, panels, middle, panels.PanelCount, state, ref ahead);
                for (int row = 0; row < rows; row++)
                {
                    float[] scores = [.. Enumerable.Range(0, clusters).Select(k => Score(values, row, centers, k, dimension))];
                    float[] sorted = [.. scores.OrderDescending()];
                    Assert.Equal(sorted[0], best[row]);
                    Assert.Equal(clusters > 1 ? sorted[1] : float.NegativeInfinity, second[row]);

                    // Of two that are equal none is certain.
                    Assert.InRange(index[row], 0, clusters - 1);
                    Assert.True(sorted[0] == scores[index[row]] || sorted[0] == second[row]);
                }
            }
        }
    }

    private static float Score(float[] rows, int row, float[] centers, int center, int dimension)
    {
        float score = 0;
        for (int d = 0; d < dimension; d++)
        {
            float c = centers[(center * dimension) + d];
            score += (rows[(row * dimension) + d] * c) - (0.5f * c * c);
        }

        return score;
    }
}
