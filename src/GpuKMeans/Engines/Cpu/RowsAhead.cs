using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace GpuKMeans.Engines.Cpu;

/// <summary>
/// Rows that come into the second-level cache while others are worked on, a few lines at a time: a core asks for some ten at
/// once, and waits where it is to ask for more.
/// </summary>
/// <param name="rows">Where they lie.</param>
/// <param name="count">How many.</param>
/// <param name="columns">Their values.</param>
/// <param name="turns">In how many turns they are to come.</param>
internal unsafe struct RowsAhead(float** rows, int count, int columns, int turns)
{
    private readonly float** _rows = rows;
    private readonly int _count = Sse.IsSupported ? count : 0;
    private readonly int _columns = columns;
    private readonly int _share =
        (int)(((count * (((long)columns + Lanes.CacheLine - 1) / Lanes.CacheLine)) + turns - 1) / Math.Max(1, turns));

    private int _row;
    private int _column;

    /// <summary>Takes a turn.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void BringSome()
    {
        int left = _share, column = _column;
        while (left > 0 && _row < _count)
        {
            float* row = _rows[_row];
            for (; left > 0 && column < _columns; left--, column += Lanes.CacheLine)
            {
                Sse.Prefetch1(row + column);
            }

            if (column >= _columns)
            {
                (_row, column) = (_row + 1, 0);
            }
        }

        _column = column;
    }
}
