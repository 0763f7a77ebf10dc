using System.Runtime.CompilerServices;

namespace GpuKMeans.Engines.Cpu;

/// <content>
/// Rows whose label can be told without measuring them against all centres in full. In a Lloyd iteration they may be certain
/// to stay. And in their first columns alone (a head) all centres but one may already be farther than that one is in full:
/// the distance over some columns is never more than that over all. How long a head pays, if any does, the rows tell
/// (<see cref="HeadChoice"/>). The labels are the same as without.
/// </content>
internal sealed unsafe partial class CpuEngine
{
    private const int ShortestHead = 16;

    private readonly Action<int, int> _siftUnit;

    private HeadChoice? _heads;
    private ErrorBound[] _headBounds = [];
    private int _siftedUnits;

    // For each unit: the head it is sifted by, or −1; the rows measured by it; the rows that are left.
    private int[] _unitHeads = [];
    private int[] _unitTried = [];
    private int[] _unitLeft = [];

    // The rows left, as places in the block, and where they lie.
    private NativeBuffer<int>? _listed;
    private NativeBuffer<nint>? _listedPointers;
    private int _listedRows;

    private float** ListedPointers => (float**)_listedPointers!.Pointer;

    /// <summary>Heads of 16, 32, 64 … columns, and of half of them.</summary>
    private static int[] HeadColumns(int dimension)
    {
        var columns = new List<int>();
        for (int head = ShortestHead; head < dimension / 2; head *= 2)
        {
            columns.Add(head);
        }

        return dimension / 2 < ShortestHead ? [] : [.. columns, dimension / 2];
    }

    private void BoundHeads()
    {
        ReadOnlySpan<CenterPanels> heads = _panels!.Heads;
        for (int i = 0; i < heads.Length; i++)
        {
            _headBounds[i] = new ErrorBound(heads[i].Dimension, _kernel.RoundingsPerTerm, heads[i].Longest());
        }
    }

    /// <summary>Labels what rows it can, and lists the others.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Sift(int units)
    {
        // Where heads are tried for the first time, the other units wait for what that tells.
        int tried = _heads!.Trials;
        if (tried > 0)
        {
            SiftUnits(0, tried);
            _heads.Plan(_unitHeads.AsSpan(tried, units - tried));
        }

        SiftUnits(tried, units);
        _listedRows = Compact(_listed!.Pointer, _unitLeft, units);
        for (int i = 0; i < _listedRows; i++)
        {
            ListedPointers[i] = RowPointers[_listed.Pointer[i]];
        }
    }

    private void SiftUnits(int first, int end)
    {
        _siftedUnits = first;
        int rows = Math.Min(end * _unitRows, _blockRows) - (first * _unitRows);
        _team.Run(end - first, 0.125 * Products(rows), _siftUnit);
        for (int unit = first; unit < end; unit++)
        {
            _heads!.Judge(_unitHeads[unit], _unitTried[unit], _unitLeft[unit]);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void SiftUnit(int unit, int slot)
    {
        unit += _siftedUnits;
        Scratch scratch = ScratchOf(slot);
        int first = unit * _unitRows, end = Math.Min(first + _unitRows, _blockRows);
        LocateRows(first, end, scratch);
        RowList list = _blockBounds is not null && _boundsHold
            ? ChooseRows(first, end, scratch)
            : new RowList(RowPointers + first, null, first, end - first);
        int* left = _listed!.Pointer + first;
        int head = _unitHeads[unit];
        _unitTried[unit] = list.Count;
        if (head >= 0)
        {
            _unitLeft[unit] = SiftByHead(list, head, left, scratch);
            return;
        }

        _unitLeft[unit] = list.Count;
        for (int i = 0; i < list.Count; i++)
        {
            left[i] = list[i];
        }
    }

    /// <summary>Lists the rows of a unit whose label is not certain to stay.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private RowList ChooseRows(int first, int end, Scratch scratch)
    {
        float** pointers = RowPointers;
        int count = 0;
        for (int row = first; row < end; row++)
        {
            if (!Stays(row))
            {
                scratch.RowIndices[count] = row;
                scratch.Pointers[count++] = pointers[row];
            }
        }

        return new RowList(scratch.Pointers, scratch.RowIndices, 0, count);
    }
}
