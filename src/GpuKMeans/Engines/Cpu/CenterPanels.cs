using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace GpuKMeans.Engines.Cpu;

/// <summary>
/// Centres laid out for the kernels: panels of <see cref="CpuKernel.PanelWidth"/> centres, then narrower ones for those
/// left over. A panel is D lines of one value a centre, coordinate after coordinate; beside it lies what each centre's
/// score starts from, −½‖c‖². The first columns of the panels, with starts of their own, are panels too: a head.
/// </summary>
internal sealed unsafe class CenterPanels : IDisposable
{
    private readonly NativeBuffer<float> _values;
    private readonly NativeBuffer<float> _starts;
    private readonly float[] _squaredNorms;
    private readonly int _allColumns;
    private readonly int _wide;
    private readonly int _tail;
    private readonly int _widePanels;
    private readonly CenterPanels[] _heads = [];

    /// <summary>Makes panels, without centres yet.</summary>
    /// <param name="kernel">What they are laid out for.</param>
    /// <param name="count">The number of centres.</param>
    /// <param name="dimension">The columns of a centre.</param>
    /// <param name="heads">The columns of each head, ascending; at least 1 and below the dimension.</param>
    public CenterPanels(CpuKernel kernel, int count, int dimension, params ReadOnlySpan<int> heads)
    {
        (Count, Dimension, _allColumns) = (count, dimension, dimension);
        _wide = kernel.PanelWidth;
        _tail = kernel.TailWidth;
        _widePanels = count / _wide;
        PaddedCount = Padded(kernel, count);
        PanelCount = _widePanels + ((PaddedCount - (_widePanels * _wide)) / _tail);
        _squaredNorms = new float[count];

        // Vectors may reach beyond the last panel.
        _values = new NativeBuffer<float>(((long)PaddedCount * dimension) + CpuKernel.MaxTileRows, clear: true);
        _starts = new NativeBuffer<float>(PaddedCount + CpuKernel.MaxTileRows, clear: true);
        _heads = new CenterPanels[heads.Length];
        for (int i = 0; i < heads.Length; i++)
        {
            _heads[i] = new CenterPanels(this, heads[i]);
        }
    }

    private CenterPanels(CenterPanels whole, int columns)
    {
        (Count, Dimension, _allColumns) = (whole.Count, columns, whole.Dimension);
        (PanelCount, PaddedCount) = (whole.PanelCount, whole.PaddedCount);
        (_wide, _tail, _widePanels, _values) = (whole._wide, whole._tail, whole._widePanels, whole._values);
        _squaredNorms = new float[Count];
        _starts = new NativeBuffer<float>(PaddedCount + CpuKernel.MaxTileRows, clear: true);
    }

    public int Count { get; }

    /// <summary>The columns that count.</summary>
    public int Dimension { get; }

    public int PanelCount { get; }

    /// <summary>The panels of full width, which come first.</summary>
    public int WidePanels => _widePanels;

    /// <summary>The centres, and those that only fill panels up.</summary>
    public int PaddedCount { get; }

    /// <summary>Room for the score of each centre, and for a vector that begins at the last.</summary>
    public int ScoreRoom => Count + CpuKernel.MaxTileRows;

    /// <summary>The same centres by their first columns alone.</summary>
    public ReadOnlySpan<CenterPanels> Heads => _heads;

    /// <summary>The <see cref="PaddedCount"/> of so many centres.</summary>
    public static int Padded(CpuKernel kernel, int count)
    {
        int wide = count / kernel.PanelWidth * kernel.PanelWidth;
        return wide + ((count - wide + kernel.TailWidth - 1) / kernel.TailWidth * kernel.TailWidth);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int Width(int panel) => panel < _widePanels ? _wide : _tail;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int FirstCenter(int panel) =>
        panel < _widePanels ? panel * _wide : (_widePanels * _wide) + ((panel - _widePanels) * _tail);

    /// <summary>The coordinates of a panel's centres.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public float* Lines(int panel) => _values.Pointer + (FirstCenter(panel) * (long)_allColumns);

    /// <summary>−½‖c‖² of a panel's centres.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public float* Starts(int panel) => _starts.Pointer + FirstCenter(panel);

    /// <summary>‖c‖² of a panel's centres, without those that only fill it up.</summary>
    public ReadOnlySpan<float> SquaredNorms(int panel) =>
        _squaredNorms.AsSpan(FirstCenter(panel), Math.Min(Width(panel), Count - FirstCenter(panel)));

    /// <summary>The norm of the longest centre.</summary>
    public float Longest() => MathF.Sqrt(TensorPrimitives.Max<float>(_squaredNorms));

    /// <summary>Fills a panel.</summary>
    /// <param name="panel">The panel.</param>
    /// <param name="centers">All centres, K×D.</param>
    /// <param name="origin">What to subtract from each.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Set(int panel, float* centers, float* origin)
    {
        int width = Width(panel), first = FirstCenter(panel), count = Math.Min(width, Count - first);
        float* lines = Lines(panel);
        float* rows = centers + (first * (long)Dimension);
        int j = 0;
        for (; j <= count - 4 && Dimension >= 4; j += 4)
        {
            SetFour(rows + (j * (long)Dimension), origin, lines + j, width);
        }

        for (; j < count; j++)
        {
            float* center = rows + (j * (long)Dimension);
            for (int d = 0; d < Dimension; d++)
            {
                lines[(d * (long)width) + j] = center[d] - origin[d];
            }
        }

        for (j = 0; j < count; j++)
        {
            float* center = rows + (j * (long)Dimension);
            double squares = 0;
            int column = 0;
            foreach (CenterPanels head in _heads)
            {
                squares += Distance.SquaredExact(center + column, origin + column, head.Dimension - column);
                head.SetStart(first + j, squares);
                column = head.Dimension;
            }

            SetStart(first + j, squares + Distance.SquaredExact(center + column, origin + column, Dimension - column));
        }

        FillUp(panel, count);
        foreach (CenterPanels head in _heads)
        {
            head.FillUp(panel, count);
        }
    }

    public void Dispose()
    {
        _starts.Dispose();
        foreach (CenterPanels head in _heads)
        {
            head._starts.Dispose();
        }

        _values.Dispose();
    }

    private void SetStart(int center, double squares)
    {
        _starts.Pointer[center] = (float)(-0.5 * squares);
        _squaredNorms[center] = (float)squares;
    }

    // Centres that only fill the panel up are never the best.
    private void FillUp(int panel, int count) =>
        new Span<float>(Starts(panel) + count, Width(panel) - count).Fill(float.NegativeInfinity);

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
}
