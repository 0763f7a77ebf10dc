using System.Numerics.Tensors;

namespace GpuKMeans.Engines.Cpu;

/// <summary>
/// The centres of <see cref="CenterPanels"/> in whole numbers of 16 bits, for scores that only leave few centres in question.
/// Each centre has a unit of its own, as small as the range of whole numbers allows; two columns lie side by side.
/// </summary>
internal sealed unsafe class CoarsePanels : IDisposable
{
    private readonly CpuKernel _kernel;
    private readonly CenterPanels _panels;
    private readonly NativeBuffer<int> _pairs;
    private readonly NativeBuffer<float> _units;
    private readonly NativeBuffer<float> _moved;

    public CoarsePanels(CpuKernel kernel, CenterPanels panels)
    {
        (_kernel, _panels) = (kernel, panels);
        Pairs = PairsOf(panels.Dimension);
        _pairs = new NativeBuffer<int>((long)panels.PaddedCount * Pairs, clear: true);
        _units = new NativeBuffer<float>(panels.PaddedCount, clear: true);
        _moved = new NativeBuffer<float>(panels.PaddedCount, clear: true);
    }

    /// <summary>The pairs of columns, of which the last may be filled up with zeros.</summary>
    public int Pairs { get; }

    public int PanelCount => _panels.PanelCount;

    public static int PairsOf(int dimension) => (dimension + 1) / 2;

    public int Width(int panel) => _panels.Width(panel);

    public int FirstCenter(int panel) => _panels.FirstCenter(panel);

    /// <summary>−½‖c‖² of a panel's centres.</summary>
    public float* Starts(int panel) => _panels.Starts(panel);

    /// <summary>What a whole number of a panel's centres stands for.</summary>
    public float* Units(int panel) => _units.Pointer + FirstCenter(panel);

    /// <summary>The coordinates of a panel's centres: a line of a pair a centre for each two columns.</summary>
    public int* Lines(int panel) => _pairs.Pointer + (FirstCenter(panel) * (long)Pairs);

    /// <summary>How far rounding has moved a centre at most, as a share of its length.</summary>
    public float Moved() => TensorPrimitives.Max(new ReadOnlySpan<float>(_moved.Pointer, _panels.PaddedCount));

    /// <summary>Rounds a panel that was filled anew.</summary>
    public void Set(int panel)
    {
        int first = FirstCenter(panel);
        float* squares = stackalloc float[CpuKernel.MaxTileRows];
        _panels.SquaredNorms(panel).CopyTo(new Span<float>(squares, CpuKernel.MaxTileRows));
        _kernel.CoarsenPanel(
            _panels.Lines(panel),
            _panels.Dimension,
            Width(panel),
            squares,
            Lines(panel),
            _units.Pointer + first,
            _moved.Pointer + first);
    }

    public void Dispose()
    {
        _pairs.Dispose();
        _units.Dispose();
        _moved.Dispose();
    }
}
