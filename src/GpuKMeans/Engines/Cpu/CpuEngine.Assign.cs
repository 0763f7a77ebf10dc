using System.Numerics;
using System.Runtime.CompilerServices;

namespace GpuKMeans.Engines.Cpu;

/// <content>
/// Labels: float32 scores for all, or 16 bits and float32 for what these leave in doubt, then float64 distances for the rows that are
/// uncertain still.
/// </content>
internal sealed unsafe partial class CpuEngine
{
    private readonly Action<int, int> _assignUnit;
    private readonly Action<int, int> _assignListed;
    private readonly Action<int, int> _distanceUnit;

    public override double Assign(EngineData data, long start, Span<int> labels, Span<float> squaredDistances)
    {
        double inertia = 0;
        _passRows = labels.Length;
        fixed (int* label = labels)
        fixed (float* distance = squaredDistances)
        {
            try
            {
                for (int done = 0; done < labels.Length; done += _blockCapacity)
                {
                    int rows = Math.Min(_blockCapacity, labels.Length - done);
                    float* distances = distance is null ? null : distance + done;
                    SetBlock((CpuData)data, RowOrder.Sequential(data.Count), start + done, rows, label + done, distances);
                    AssignBlock();
                    inertia += distances is null ? 0 : BlockInertia();
                }
            }
            finally
            {
                EndBlock();
            }
        }

        return inertia;
    }

    public override void Distances(EngineData data, long start, Span<float> squaredDistances)
    {
        int count = squaredDistances.Length / _clusters;
        fixed (float* destination = squaredDistances)
        {
            try
            {
                for (int done = 0; done < count; done += _blockCapacity)
                {
                    int rows = Math.Min(_blockCapacity, count - done);
                    float* distances = destination + (done * (long)_clusters);
                    SetBlock((CpuData)data, RowOrder.Sequential(data.Count), start + done, rows, null, distances);
                    _team.Run((rows + _unitRows - 1) / _unitRows, Products(rows), _distanceUnit);
                }
            }
            finally
            {
                EndBlock();
            }
        }
    }

    private double Products(int rows) => rows * (double)_clusters * _dimension;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void AssignBlock()
    {
        int units = UnitsOf(_blockRows), rows = _blockRows;
        _heads!.Full = _coarseChoice!.LeastCost;
        bool heads = _heads.Plan(_unitHeads.AsSpan(0, units), MayGuess), coarse;
        if (heads || (_blockBounds is not null && _boundsHold))
        {
            Sift(units);
            rows = _listedRows;
            coarse = AssignUnits(rows, _assignListed);
        }
        else
        {
            _unboundRows += _blockBounds is null ? 0 : _blockRows;
            coarse = AssignUnits(rows, _assignUnit);
        }

        _uncertainRows = Compact(_uncertain!.Pointer, _uncertainCounts, UnitsOf(rows));
        if (coarse)
        {
            ScoreAgain();
        }

        _team.Run((_uncertainRows + SettleRows - 1) / SettleRows, Products(_uncertainRows), _settleUnit);
    }

    private int UnitsOf(int rows) => (rows + _unitRows - 1) / _unitRows;

    /// <summary>Moves the lists of the units together: each begins where its unit's rows do.</summary>
    private int Compact(int* lists, int[] counts, int units)
    {
        int total = 0;
        for (int unit = 0; unit < units; unit++)
        {
            var list = new ReadOnlySpan<int>(lists + (unit * _unitRows), counts[unit]);
            list.CopyTo(new Span<int>(lists + total, list.Length));
            total += list.Length;
        }

        return total;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void AssignUnit(int unit, int slot)
    {
        unit += _firstUnit;
        Scratch scratch = ScratchOf(slot);
        int first = unit * _unitRows, end = Math.Min(first + _unitRows, _blockRows);
        LocateRows(first, end, scratch);
        AssignList(unit, new RowList(RowPointers + first, null, first, end - first), scratch);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void AssignListed(int unit, int slot)
    {
        unit += _firstUnit;
        int first = unit * _unitRows, count = Math.Min(_unitRows, _listedRows - first);
        AssignList(unit, new RowList(ListedPointers + first, _listed!.Pointer + first, 0, count), ScratchOf(slot));
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void AssignList(int unit, RowList list, Scratch scratch)
    {
        (_uncertainCounts[unit], _unitDoubt[unit]) = (0, 0);
        int group = _unitCoarse[unit] ? GroupOf(_coarse!) : GroupOf(_panels!), rows = RowsAtOnce(_panels!.PanelCount, group);
        for (int row = 0; row < list.Count; row += rows)
        {
            AssignRows(unit, list, row, Math.Min(row + rows, list.Count), scratch);
        }

        if (_blockDistances is not null)
        {
            for (int i = 0; i < list.Count; i++)
            {
                int row = list[i];
                _blockDistances[row] = SquaredDistance(row);
            }
        }
    }

    /// <summary>Assigns the rows from one place in a list to another.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void AssignRows(int unit, RowList list, int first, int end, Scratch scratch)
    {
        bool coarse = _unitCoarse[unit];
        double cost = 0;
        int tile = _kernel.TileRows;
        int tiles = coarse ? ScoreCoarse(list, first, end, scratch) : Score(list, first, end, _panels!, scratch);
        for (int t = 0; t < tiles; t++)
        {
            int place = first + (t * tile), rows = Math.Min(tile, end - place);
            TileState state = State(scratch, t, coarse);
            uint mask = _kernel.Decide(coarse ? _coarseBound : _bound, state, lower: _blockBounds is not null) & (uint)((1L << rows) - 1);
            list.Scatter(place, new ReadOnlySpan<int>(state.Index, rows), _blockLabels);
            if (_blockBounds is not null)
            {
                list.Scatter(place, new ReadOnlySpan<float>(state.Lower, rows), _blockBounds);
            }

            if (coarse && mask != 0)
            {
                mask = SettleAmongPanels(list, place, t, mask, scratch, ref cost);
            }

            for (; mask != 0; mask &= mask - 1)
            {
                int row = list[place + BitOperations.TrailingZeroCount(mask)];
                _uncertain!.Pointer[(unit * _unitRows) + _uncertainCounts[unit]++] = row;

                // Which centre is second is not known either.
                if (_blockBounds is not null)
                {
                    _blockBounds[row] = 0;
                }
            }
        }

        _unitDoubt[unit] += cost;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void DistanceUnit(int unit, int slot)
    {
        int first = unit * _unitRows, end = Math.Min(first + _unitRows, _blockRows);
        LocateRows(first, end, ScratchOf(slot));
        for (int row = first; row < end; row++)
        {
            float* destination = _blockDistances + (row * (long)_clusters);
            for (int j = 0; j < _clusters; j++)
            {
                destination[j] = Distance.Squared(RowPointers[row], Center(j), _dimension);
            }
        }
    }

    private float SquaredDistance(int row) =>
        Distance.Squared(RowPointers[row], Center(_blockLabels[row]), _dimension);
}
