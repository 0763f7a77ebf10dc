using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace GpuKMeans.Engines.Cpu;

/// <summary>
/// k-means++ on the CPU: D² as one float32 a row, and a pool of candidates with their distances to all rows. A pass over
/// the data serves several steps; a step reads as many float32 a row as it has candidates.
/// </summary>
internal sealed unsafe partial class CpuSeeding : Seeding
{
    private const int BlockRows = 1024;

    // Members' distances do not begin at places of a cache that are the same for all.
    private const int BlockStride = BlockRows + (2 * Lanes.CacheLine);
    private const int MostPlaces = 60;
    private const int LeastPlaces = 4;
    private const long PoolBytes = 256L << 20;

    private readonly CpuData _data;
    private readonly CpuKernel _kernel;
    private readonly WorkerTeam _team;
    private readonly int _dimension;
    private readonly int _blocks;
    // Direct differences gain nothing from a shift, and could lose what tells rows apart.
    private readonly NativeBuffer<float> _origin;
    private readonly NativeBuffer<float> _nearest;
    private readonly NativeBuffer<float>[] _tiles;
    private readonly NativeBuffer<float>[] _copies;
    private readonly int[] _chosen = new int[MaxCandidates];
    private readonly double[] _trials;
    private readonly double[] _potentials;
    private readonly Action<int, int> _measureBlock;
    private readonly Action<int, int> _evaluateBlock;
    private readonly Action<int, int> _acceptBlock;

    // The pool: places for a block's distances to members that were in the pool before, then to those of the panels.
    private readonly int _keptPlaces;
    private readonly List<(int From, long Row)> _kept = [];
    private NativeBuffer<float>? _pool;
    private int _places;
    private long[] _placeRows = [];

    private CenterPanels? _panels;
    private NativeBuffer<float>? _members;
    private int _count;
    private int _accepted;

    public CpuSeeding(CpuData data, CpuKernel kernel, WorkerTeam team)
    {
        (_data, _kernel, _team, _dimension) = (data, kernel, team, data.Dimension);
        _blocks = checked((int)((data.Count + BlockRows - 1) / BlockRows));
        long rows = _blocks * (long)BlockRows;
        _places = (int)Math.Clamp(PoolBytes / sizeof(float) / rows, LeastPlaces, MostPlaces);
        _keptPlaces = _places / 5;
        PoolSize = (_places - _keptPlaces) / LeastPlaces * LeastPlaces;
        _origin = new NativeBuffer<float>(_dimension, clear: true);
        _nearest = new NativeBuffer<float>(rows);
        for (long row = 0; row < rows; row++)
        {
            _nearest.Pointer[row] = float.PositiveInfinity;
        }

        bool copied = data.Rows is null;
        _tiles = [.. team.PerThread(() => new NativeBuffer<float>(kernel.TileRows * (long)_dimension))];
        _copies = [.. team.PerThread(() => new NativeBuffer<float>(copied ? BlockRows * (long)_dimension : 0))];
        _trials = new double[_blocks * MaxCandidates];
        _potentials = new double[_blocks];
        _measureBlock = MeasureBlock;
        _evaluateBlock = EvaluateBlock;
        _acceptBlock = AcceptBlock;
    }

    public override int PoolSize { get; }

    public override bool KeepsPrepared => true;

    public override double Potential => _potential;

    public override float SquaredDistance(long row) => _nearest.Pointer[row];

    public override void Prepare(ReadOnlySpan<long> rows)
    {
        List<long> measured = Keep(rows);
        if (_panels?.Count != measured.Count)
        {
            _panels?.Dispose();
            _panels = new CenterPanels(_kernel, measured.Count, _dimension);
        }

        measured.CopyTo(_placeRows, _keptPlaces);
        float* members = NativeBuffer<float>.Ensure(ref _members, measured.Count * (long)_dimension);
        _data.Copy(CollectionsMarshal.AsSpan(measured), members);
        for (int panel = 0; panel < _panels.PanelCount; panel++)
        {
            _panels.Set(panel, members, _origin.Pointer);
        }

        _team.Run(_blocks, _data.Count * (_kept.Count + ((measured.Count + 1.0) * _dimension)), _measureBlock);
    }

    public override void Evaluate(ReadOnlySpan<long> candidates, Span<double> potentials)
    {
        _count = candidates.Length;
        if (!FindMembers(candidates))
        {
            Prepare(candidates);
            FindMembers(candidates);
        }

        _team.Run(_blocks, 8.0 * _count * _data.Count, _evaluateBlock);
        potentials[.._count].Clear();
        for (int block = 0; block < _blocks; block++)
        {
            for (int i = 0; i < _count; i++)
            {
                potentials[i] += _trials[(block * MaxCandidates) + i];
            }
        }
    }

    public override void Accept(int candidate)
    {
        _accepted = _chosen[candidate];
        _team.Run(_blocks, 16.0 * _data.Count, _acceptBlock);
        SumPotentials();
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _panels?.Dispose();
            _members?.Dispose();
            _pool?.Dispose();
            foreach (NativeBuffer<float> buffer in (NativeBuffer<float>[])[_origin, _nearest, .. _tiles, .. _copies])
            {
                buffer.Dispose();
            }
        }
    }

    private bool FindMembers(ReadOnlySpan<long> candidates)
    {
        for (int i = 0; i < candidates.Length; i++)
        {
            _chosen[i] = _placeRows.AsSpan().IndexOf(candidates[i]);
            if (_chosen[i] < 0)
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Finds the rows that are in the pool and can stay there, and forgets the others.</summary>
    /// <returns>The rows that are to be measured.</returns>
    private List<long> Keep(ReadOnlySpan<long> rows)
    {
        _kept.Clear();
        List<long> measured = [];
        foreach (long row in rows)
        {
            // Copies must not read a place that one before has written.
            int from = _placeRows.AsSpan().IndexOf(row), to = _kept.Count;
            if (to < _keptPlaces && (from >= _keptPlaces || from == to))
            {
                _kept.Add((from, row));
            }
            else
            {
                measured.Add(row);
            }
        }

        if (_pool is null || _keptPlaces + CenterPanels.Padded(_kernel, measured.Count) > _places)
        {
            _kept.Clear();
            measured = [.. rows];
            _places = Math.Max(_places, _keptPlaces + CenterPanels.Padded(_kernel, measured.Count));
            NativeBuffer<float>.Ensure(ref _pool, _blocks * (long)BlockStride * _places);
            _placeRows = new long[_places];
        }

        Array.Fill(_placeRows, -1);
        for (int i = 0; i < _kept.Count; i++)
        {
            _placeRows[i] = _kept[i].Row;
        }

        return measured;
    }

    /// <summary>The distances of a block's rows to the member at a place.</summary>
    private float* Distances(int block, int place) => _pool!.Pointer + (((block * (long)_places) + place) * BlockStride);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void MeasureBlock(int block, int slot)
    {
        for (int i = 0; i < _kept.Count; i++)
        {
            if (_kept[i].From != i)
            {
                NativeMemory.Copy(Distances(block, _kept[i].From), Distances(block, i), BlockRows * sizeof(float));
            }
        }

        if (_panels!.Count == 0)
        {
            return;
        }

        float* rows = Rows(block, slot, out int count);
        float** pointers = stackalloc float*[CpuKernel.MaxTileRows];
        float* squares = stackalloc float[CpuKernel.MaxTileRows];
        int tile = _kernel.TileRows;
        for (int first = 0; first < count; first += tile)
        {
            // Lanes beyond the last row repeat it.
            for (int r = 0; r < tile; r++)
            {
                pointers[r] = rows + (Math.Min(first + r, count - 1) * (long)_dimension);
            }

            _kernel.Pack(pointers, _dimension, _origin.Pointer, _tiles[slot].Pointer, squares);

            // The next tile's rows come in while this one is worked on.
            long next = Math.Clamp(count - first - tile, 0, tile) * (long)_dimension;
            var ahead = new LinesAhead(rows + ((first + tile) * (long)_dimension), next, _panels.PanelCount * (long)_dimension);
            for (int panel = 0; panel < _panels.PanelCount; panel++)
            {
                float* distances = Distances(block, _keptPlaces + _panels.FirstCenter(panel)) + first;
                _kernel.SquaredDistances(_tiles[slot].Pointer, _panels, panel, distances, BlockStride, past: true, ref ahead);
            }
        }

        Lanes.StoreFence();
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void EvaluateBlock(int block, int slot)
    {
        int count = Count(block);
        float* nearest = _nearest.Pointer + (block * (long)BlockRows);
        float* weights = Weights(block);
        for (int i = 0; i < _count; i++)
        {
            float* distances = Distances(block, _chosen[i]);
            _trials[(block * MaxCandidates) + i] = Sum(nearest, distances, weights, count);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void AcceptBlock(int block, int slot)
    {
        int count = Count(block);
        float* nearest = _nearest.Pointer + (block * (long)BlockRows);
        float* distances = Distances(block, _accepted);
        var values = new Span<float>(nearest, count);
        TensorPrimitives.Min(values, new ReadOnlySpan<float>(distances, count), values);
        _potentials[block] = Sum(nearest, nearest, Weights(block), count);
    }

    /// <summary>Σ weight × the lesser of two distances: eight sums, for each row modulo 8, then theirs.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static double Sum(float* nearest, float* distances, float* weights, int count)
    {
        Vector512<double> sums = Vector512<double>.Zero;
        int r = 0;
        for (; r <= count - 8; r += 8)
        {
            Vector512<double> least = Lanes.Widen(Vector256.Min(Vector256.Load(nearest + r), Vector256.Load(distances + r)));
            sums += weights is null ? least : least * Lanes.Widen(Vector256.Load(weights + r));
        }

        double sum = Vector512.Sum(sums);
        for (; r < count; r++)
        {
            sum += (weights is null ? 1.0 : weights[r]) * MathF.Min(nearest[r], distances[r]);
        }

        return sum;
    }

    private int Count(int block) => (int)Math.Min(BlockRows, _data.Count - (block * (long)BlockRows));

    private float* Weights(int block) => _data.Weights is null ? null : _data.Weights + (block * (long)BlockRows);

    private float* Rows(int block, int slot, out int count)
    {
        long first = block * (long)BlockRows;
        count = Count(block);
        if (_data.Rows is not null)
        {
            return _data.Rows + (first * _dimension);
        }

        _data.CopyRange(first, count, _copies[slot].Pointer);
        return _copies[slot].Pointer;
    }
}
