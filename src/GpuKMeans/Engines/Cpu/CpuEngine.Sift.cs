using System.Runtime.CompilerServices;

namespace GpuKMeans.Engines.Cpu;

/// <content>
/// Rows whose label can be told without measuring them against all centres in full. In a Lloyd iteration they may be certain
/// to stay. Their first columns alone (a head) may be enough to guess the centre. And by these all centres but one may already
/// be farther than that one is in full: the distance over some columns is never more than that over all. How long a head
/// pays, if any does, the rows tell (<see cref="HeadChoice"/>). The labels are the same as without.
/// </content>
internal sealed unsafe partial class CpuEngine
{
    private const int ShortestHead = 16;

    private readonly Action<int, int> _siftUnit;

    private HeadChoice? _heads;
    private ErrorBound[] _headBounds = [];
    private int _siftedUnits;

    // Whether the distances between centres were known of all before the units began.
    private bool _reachesHold;

    // For each unit: the rows that bounds do not hold in place; the head it is sifted by, or −1; the rows measured by it; those
    // of them that it left open; all rows that are left.
    private int[] _unitUnbound = [];
    private int[] _unitHeads = [];
    private int[] _unitTried = [];
    private int[] _unitOpen = [];
    private int[] _unitLeft = [];

    // The rows left, as places in the block, and where they lie.
    private NativeBuffer<int>? _listed;
    private NativeBuffer<nint>? _listedPointers;
    private int _listedRows;

    private float** ListedPointers => (float**)_listedPointers!.Pointer;

    /// <summary>Heads of 16, 32, 64 … columns, and of half of them, behind the one that guesses.</summary>
    private static int[] HeadColumns(int dimension)
    {
        var columns = new List<int> { GuessColumns };
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
            _heads.Plan(_unitHeads.AsSpan(tried, units - tried), MayGuess);
        }

        // One unit that guesses is a trial, and finds what neighbours it needs by itself.
        if (!_neighbors!.All && _unitHeads.AsSpan(tried, units - tried).Count(HeadChoice.Guess) > 1)
        {
            FindAllNeighbors();
        }

        SiftUnits(tried, units);
        LocateListed(Compact(_listed!.Pointer, _unitLeft, units));
    }

    private void LocateListed(int rows)
    {
        _listedRows = rows;
        for (int i = 0; i < rows; i++)
        {
            ListedPointers[i] = RowPointers[_listed!.Pointer[i]];
        }
    }

    private void SiftUnits(int first, int end)
    {
        _siftedUnits = first;
        _reachesHold = _neighbors!.All;
        int rows = Math.Min(end * _unitRows, _blockRows) - (first * _unitRows);
        _team.Run(end - first, 0.125 * Products(rows), _siftUnit);
        for (int unit = first; unit < end; unit++)
        {
            _heads!.Judge(_unitHeads[unit], _unitTried[unit], _unitOpen[unit]);
            _unboundRows += _blockBounds is null ? 0 : _unitUnbound[unit];
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void SiftUnit(int unit, int slot)
    {
        unit += _siftedUnits;
        Scratch scratch = ScratchOf(slot);
        int first = unit * _unitRows, end = Math.Min(first + _unitRows, _blockRows);
        LocateRows(first, end, scratch);
        _unitUnbound[unit] = end - first;
        RowList list = _blockBounds is not null && _boundsHold
            ? ChooseRows(unit, first, end, scratch)
            : new RowList(RowPointers + first, null, first, end - first);
        int* left = _listed!.Pointer + first;
        int head = _unitHeads[unit], tried = 0, open = 0;
        if (head == HeadChoice.Guess)
        {
            tried = _neighbors!.All ? list.Count : Math.Min(list.Count, TrialRows);
            open = SiftByGuess(list, tried, left, scratch);
        }
        else if (head >= 0)
        {
            tried = list.Count;
            open = SiftByHead(list, head, left, scratch);
        }

        int count = open;
        for (int i = tried; i < list.Count; i++)
        {
            left[count++] = list[i];
        }

        // Rows whose centre was a good guess without being measured count as guessed.
        tried += head == HeadChoice.Guess ? _unitUnbound[unit] - list.Count : 0;
        (_unitTried[unit], _unitOpen[unit], _unitLeft[unit]) = (tried, open, count);
    }
}
