using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace GpuKMeans.Engines.Cpu;

/// <content>Labels: float32 scores for all, then float64 distances for the rows they leave uncertain.</content>
internal sealed unsafe partial class CpuEngine
{
    private const int SettleRows = 4;

    private readonly Action<int, int> _assignUnit;
    private readonly Action<int, int> _settleUnit;
    private readonly Action<int, int> _distanceUnit;

    public override double Assign(EngineData data, long start, Span<int> labels, Span<float> squaredDistances)
    {
        double inertia = 0;
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
        int units = (_blockRows + _unitRows - 1) / _unitRows;
        _team.Run(units, Products(_blockRows), _assignUnit);

        int uncertain = 0;
        for (int unit = 0; unit < units; unit++)
        {
            var list = new ReadOnlySpan<int>(_uncertain!.Pointer + (unit * _unitRows), _uncertainCounts[unit]);
            list.CopyTo(new Span<int>(_uncertain.Pointer + uncertain, list.Length));
            uncertain += list.Length;
        }

        _uncertainRows = uncertain;
        _team.Run((uncertain + SettleRows - 1) / SettleRows, Products(uncertain), _settleUnit);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void AssignUnit(int unit, int slot)
    {
        Scratch scratch = ScratchOf(slot);
        int first = unit * _unitRows, end = Math.Min(first + _unitRows, _blockRows);
        LocateRows(first, end, scratch);
        _uncertainCounts[unit] = 0;
        bool all = _blockBounds is null || !_boundsHold;
        RowList list = all ? new RowList(RowPointers + first, null, first, end - first) : ChooseRows(first, end, scratch);

        // Where all panels are passed over at once, a tile is done with before the next is packed in its place.
        int rows = _panels!.PanelCount <= _groupPanels ? _kernel.TileRows : _unitRows;
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

    /// <summary>Lists the rows of a unit that are to be assigned: those whose label is not certain to stay.</summary>
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

    /// <summary>Assigns the rows from one place in a list to another.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void AssignRows(int unit, RowList list, int first, int end, Scratch scratch)
    {
        int tile = _kernel.TileRows, tiles = (end - first + tile - 1) / tile;
        scratch.State.Reset(tiles * tile);
        CenterPanels panels = _panels!;
        for (int panel = 0; panel < panels.PanelCount; panel += _groupPanels)
        {
            int endPanel = Math.Min(panel + _groupPanels, panels.PanelCount);
            for (int t = 0; t < tiles; t++)
            {
                if (panel == 0)
                {
                    int row = first + (t * tile);
                    PackTile(list.Pointers + row, Math.Min(tile, end - row), Tile(scratch, t));

                    // The next tile's rows come in while this one is worked on.
                    Prefetch(list.Pointers + row + tile, Math.Min(tile, list.Count - row - tile));
                }

                _kernel.Assign(Tile(scratch, t), panels, panel, endPanel, State(scratch, t));
            }
        }

        for (int t = 0; t < tiles; t++)
        {
            uint mask = _kernel.Decide(Tile(scratch, t), _dimension, _bound, State(scratch, t));
            int place = first + (t * tile);
            for (; mask != 0; mask &= mask - 1)
            {
                int lane = BitOperations.TrailingZeroCount(mask);
                if (place + lane < end)
                {
                    int row = list[place + lane];
                    _uncertain!.Pointer[(unit * _unitRows) + _uncertainCounts[unit]++] = row;
                    _thresholds!.Pointer[row] = scratch.State.Threshold[(t * tile) + lane];

                    // Which centre is second is not known either.
                    scratch.State.Lower[(t * tile) + lane] = 0;
                }
            }
        }

        list.Scatter(first, new ReadOnlySpan<int>(scratch.State.Index, end - first), _blockLabels);
        if (_blockBounds is not null)
        {
            list.Scatter(first, new ReadOnlySpan<float>(scratch.State.Lower, end - first), _blockBounds);
        }
    }

    /// <summary>Settles a few uncertain rows.</summary>
    private void SettleUnit(int unit, int slot)
    {
        int first = unit * SettleRows, end = Math.Min(first + SettleRows, _uncertainRows);
        for (int i = first; i < end; i++)
        {
            Settle(_uncertain!.Pointer[i], ScratchOf(slot));
        }
    }

    /// <summary>Finds the nearest centre of a row in float64, among those whose score is near the best.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Settle(int row, Scratch scratch)
    {
        float* values = RowPointers[row];
        var span = new ReadOnlySpan<float>(values, _dimension);
        if (!RowCheck.IsFit(span))
        {
            RowCheck.ThrowNotFinite(span, _blockOrder[_blockStart + row]);
        }

        TensorPrimitives.Subtract(
            span, new ReadOnlySpan<float>(_origin!.Pointer, _dimension), new Span<float>(scratch.Tiles, _dimension));
        float* scores = scratch.Scores(_panels!.ScoreRoom);
        _kernel.ScoreRow(scratch.Tiles, _panels, scores);

        float threshold = _thresholds!.Pointer[row];
        double nearest = double.PositiveInfinity;
        for (int j = 0; j < _clusters; j++)
        {
            if (scores[j] >= threshold)
            {
                double exact = Distance.SquaredExact(values, _centers!.Pointer + (j * (long)_dimension), _dimension);
                if (exact < nearest)
                {
                    nearest = exact;
                    _blockLabels[row] = j;
                }
            }
        }

        if (_blockDistances is not null)
        {
            _blockDistances[row] = SquaredDistance(row);
        }
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
                destination[j] = Distance.Squared(RowPointers[row], _centers!.Pointer + (j * (long)_dimension), _dimension);
            }
        }
    }

    /// <summary>The sum of weight × squared distance over the block: eight sums, for each row modulo 8, then theirs.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private double BlockInertia()
    {
        float* weights = _blockData!.Weights;
        Vector512<double> sums = Vector512<double>.Zero;
        int row = 0;
        for (; row <= _blockRows - 8; row += 8)
        {
            Vector512<double> distances = Lanes.Widen(Vector256.Load(_blockDistances + row));
            if (weights is not null)
            {
                for (int lane = 0; lane < 8; lane++)
                {
                    distances = distances.WithElement(lane, distances[lane] * weights[_blockOrder[_blockStart + row + lane]]);
                }
            }

            sums += distances;
        }

        double sum = Vector512.Sum(sums);
        for (; row < _blockRows; row++)
        {
            double distance = _blockDistances[row];
            sum += weights is null ? distance : distance * weights[_blockOrder[_blockStart + row]];
        }

        return double.IsFinite(sum) ? sum : throw BeyondFloat32();
    }

    /// <summary>What to throw when a squared distance of the block has left float32's range.</summary>
    private ArgumentException BeyondFloat32()
    {
        int row = 0;
        while (float.IsFinite(_blockDistances[row]))
        {
            row++;
        }

        return KMeansErrors.TooLarge(_blockOrder[_blockStart + row]);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Prefetch(float** rows, int count)
    {
        const int Line = 64 / sizeof(float);
        if (Sse.IsSupported && (_dimension >= Line || !_blockOrder.IsSequential))
        {
            for (int row = 0; row < count; row++)
            {
                for (int d = 0; d < _dimension; d += Line)
                {
                    Sse.Prefetch1(rows[row] + d);
                }
            }
        }
    }

    // Lanes beyond the last row repeat it.
    private void PackTile(float** rows, int count, float* tile)
    {
        if (count == _kernel.TileRows)
        {
            _kernel.Pack(rows, _dimension, _origin!.Pointer, tile);
            return;
        }

        float** full = stackalloc float*[CpuKernel.MaxTileRows];
        for (int r = 0; r < _kernel.TileRows; r++)
        {
            full[r] = rows[Math.Min(r, count - 1)];
        }

        _kernel.Pack(full, _dimension, _origin!.Pointer, tile);
    }

    private float SquaredDistance(int row) =>
        Distance.Squared(RowPointers[row], _centers!.Pointer + (_blockLabels[row] * (long)_dimension), _dimension);

    private float* Tile(Scratch scratch, int tile) => scratch.Tiles + (tile * (long)_kernel.TileRows * _dimension);

    private TileState State(Scratch scratch, int tile)
    {
        int row = tile * _kernel.TileRows;
        TileState all = scratch.State;
        return new TileState(all.Best + row, all.Second + row, all.Threshold + row, all.Lower + row, all.Index + row);
    }

    /// <summary>Rows of the block: where they lie, and their places, which follow each other where none are listed.</summary>
    private readonly struct RowList(float** pointers, int[]? places, int first, int count)
    {
        public float** Pointers => pointers;

        public int Count => count;

        public int this[int i] => places is null ? first + i : places[i];

        /// <summary>Puts values of consecutive rows of the list in their places.</summary>
        public void Scatter<T>(int start, ReadOnlySpan<T> values, T* block)
            where T : unmanaged
        {
            if (places is null)
            {
                values.CopyTo(new Span<T>(block + first + start, values.Length));
                return;
            }

            for (int i = 0; i < values.Length; i++)
            {
                block[places[start + i]] = values[i];
            }
        }
    }
}
