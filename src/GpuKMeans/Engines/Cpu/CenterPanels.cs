using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace GpuKMeans.Engines.Cpu;

/// <summary>
/// Centres laid out for the kernels: panels of <see cref="CpuKernel.PanelWidth"/> centres, then narrower ones for those
/// left over. A panel is D + 1 lines of one value a centre: −½‖c‖² first, then coordinate after coordinate.
/// </summary>
internal sealed unsafe class CenterPanels : IDisposable
{
    private readonly NativeBuffer<float> _values;
    private readonly float[] _squaredNorms;
    private readonly int _wide;
    private readonly int _tail;
    private readonly int _widePanels;

    public CenterPanels(CpuKernel kernel, int count, int dimension)
    {
        Count = count;
        Dimension = dimension;
        _wide = kernel.PanelWidth;
        _tail = kernel.TailWidth;
        _widePanels = count / _wide;
        int leftOver = count - (_widePanels * _wide);
        int tails = (leftOver + _tail - 1) / _tail;
        PanelCount = _widePanels + tails;
        _squaredNorms = new float[count];
        _values = new NativeBuffer<float>(((_widePanels * (long)_wide) + (tails * (long)_tail)) * (dimension + 1) + CpuKernel.MaxTileRows, clear: true);
    }

    public int Count { get; }

    public int Dimension { get; }

    public int PanelCount { get; }

    /// <summary>The panels of full width, which come first.</summary>
    public int WidePanels => _widePanels;

    /// <summary>The centres, and those that only fill panels up.</summary>
    public int PaddedCount => PanelCount == 0 ? 0 : FirstCenter(PanelCount - 1) + Width(PanelCount - 1);

    /// <summary>Room for the score of each centre, and for a vector that begins at the last.</summary>
    public int ScoreRoom => Count + CpuKernel.MaxTileRows;

    public int Width(int panel) => panel < _widePanels ? _wide : _tail;

    public int FirstCenter(int panel) =>
        panel < _widePanels ? panel * _wide : (_widePanels * _wide) + ((panel - _widePanels) * _tail);

    public float* Panel(int panel) => _values.Pointer + (FirstCenter(panel) * (long)(Dimension + 1));

    /// <summary>The norm of the longest centre.</summary>
    public float Longest()
    {
        float longest = 0;
        foreach (float norm in _squaredNorms)
        {
            longest = MathF.Max(longest, norm);
        }

        return MathF.Sqrt(longest);
    }

    /// <summary>Fills a panel.</summary>
    /// <param name="panel">The panel.</param>
    /// <param name="centers">All centres, K×D.</param>
    /// <param name="origin">What to subtract from each.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Set(int panel, float* centers, float* origin)
    {
        int width = Width(panel), first = FirstCenter(panel), count = Math.Min(width, Count - first);
        float* lines = Panel(panel);
        float* rows = centers + (first * (long)Dimension);
        int j = 0;
        for (; j <= count - 4 && Dimension >= 4; j += 4)
        {
            SetFour(rows + (j * (long)Dimension), origin, lines + width + j, width);
        }

        for (; j < count; j++)
        {
            float* center = rows + (j * (long)Dimension);
            for (int d = 0; d < Dimension; d++)
            {
                lines[((d + 1) * (long)width) + j] = center[d] - origin[d];
            }
        }

        for (j = 0; j < count; j++)
        {
            double squares = Distance.SquaredExact(rows + (j * (long)Dimension), origin, Dimension);
            lines[j] = (float)(-0.5 * squares);
            _squaredNorms[first + j] = (float)squares;
        }

        // Centres that only fill the panel up are never the best.
        new Span<float>(lines + count, width - count).Fill(float.NegativeInfinity);
    }

    /// <summary>Sets four centres side by side, four columns at a time; the last four may overlap those before.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void SetFour(float* rows, float* origin, float* lines, int width)
    {
        for (int d = 0; d < Dimension; d += 4)
        {
            d = Math.Min(d, Dimension - 4);
            Vector128<float> shift = Vector128.Load(origin + d);
            Lanes.Transpose(
                Vector128.Load(rows + d) - shift,
                Vector128.Load(rows + Dimension + d) - shift,
                Vector128.Load(rows + (2L * Dimension) + d) - shift,
                Vector128.Load(rows + (3L * Dimension) + d) - shift,
                lines + (d * (long)width),
                width);
        }
    }

    public void Dispose() => _values.Dispose();
}
