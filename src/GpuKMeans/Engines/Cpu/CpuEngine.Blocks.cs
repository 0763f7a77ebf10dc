using System.Runtime.CompilerServices;

namespace GpuKMeans.Engines.Cpu;

/// <content>
/// Rows are taken in blocks that fit the caches, and a block in units of a few tiles. The size of a block follows from D
/// alone, never from the number of threads: figures are summed block by block, so it decides the last bits.
/// </content>
internal sealed unsafe partial class CpuEngine
{
    private const int BlockBytes = 8 << 20;
    private const int MinBlockRows = 4096;
    private const int MaxBlockRows = 65536;
    private const int UnitBytes = 512 << 10;
    private const int MaxUnitRows = 256;

    // What leaves room in the second-level cache for a tile; the rows to come pass through.
    private static readonly int s_groupBytes = Math.Clamp(SecondLevelCache.Bytes / 8 * 7, 256 << 10, 1 << 20);

    // Made on a thread's first unit: a model that places one row now and then needs one.
    private readonly Scratch?[] _scratch;

    private int _blockCapacity;
    private int _mostUnitRows;
    private int _unitRows;

    // The block at hand: which rows, where each lies, and where results go.
    private CpuData? _blockData;
    private RowOrder _blockOrder;
    private long _blockStart;
    private int _blockRows;
    private int* _blockLabels;
    private float* _blockDistances;
    private float* _blockBounds;
    private NativeBuffer<nint>? _rowPointers;
    private NativeBuffer<float>? _rowCopies;
    private NativeBuffer<int>? _uncertain;
    private int[] _uncertainCounts = [];
    private int _uncertainRows;

    private float** RowPointers => (float**)_rowPointers!.Pointer;

    private void PlanBlocks()
    {
        int rowBytes = _dimension * sizeof(float), tile = _kernel.TileRows;
        int block = Math.Clamp(BlockBytes / rowBytes, MinBlockRows, MaxBlockRows);
        _blockCapacity = block / CpuKernel.MaxTileRows * CpuKernel.MaxTileRows;
        _mostUnitRows = Math.Clamp(UnitBytes / rowBytes / tile * tile, CpuKernel.MaxTileRows, MaxUnitRows);
        ReleaseBlocks();
        _uncertain = new NativeBuffer<int>(_blockCapacity);
        _rowPointers = new NativeBuffer<nint>(_blockCapacity);
        _listed = new NativeBuffer<int>(_blockCapacity);
        _listedPointers = new NativeBuffer<nint>(_blockCapacity);
        int units = _blockCapacity / CpuKernel.MaxTileRows;
        _uncertainCounts = new int[units];
        (_unitUnbound, _unitHeads) = (new int[units], new int[units]);
        (_unitCoarse, _unitDoubt) = (new bool[units], new double[units]);
        (_unitTried, _unitOpen, _unitLeft) = (new int[units], new int[units], new int[units]);
    }

    private Scratch ScratchOf(int slot) => _scratch[slot] ??= new Scratch(_mostUnitRows, _dimension);

    /// <summary>Makes rows the block at hand.</summary>
    /// <param name="data">Where they are.</param>
    /// <param name="order">The order they are taken in.</param>
    /// <param name="start">The place of the first in the order.</param>
    /// <param name="rows">How many, at most <see cref="_blockCapacity"/>.</param>
    /// <param name="labels">Takes the labels.</param>
    /// <param name="distances">Takes the squared distances, or null where nobody asks.</param>
    /// <param name="bounds">What <see cref="StartBounds"/> keeps of these rows, or null where nothing is kept.</param>
    private void SetBlock(
        CpuData data, RowOrder order, long start, int rows, int* labels, float* distances, float* bounds = null)
    {
        (_blockData, _blockOrder, _blockStart, _blockRows) = (data, order, start, rows);
        _blockLabels = labels;
        _blockDistances = distances;
        _blockBounds = bounds;

        // Units are results of their own, so their number may follow the threads: enough that none waits long for the last.
        const int Tile = CpuKernel.MaxTileRows;
        int share = ((rows / (16 * _team.Threads)) + Tile - 1) / Tile * Tile;
        _unitRows = Math.Clamp(share, Tile, _mostUnitRows);
        if (data.Rows is null)
        {
            NativeBuffer<float>.Ensure(ref _rowCopies, _blockCapacity * (long)_dimension);
        }
    }

    /// <summary>Lets go of the block: an engine that rests must not keep anybody's data alive.</summary>
    private void EndBlock()
    {
        _blockData = null;
        _blockLabels = null;
        _blockDistances = null;
        _blockBounds = null;
    }

    /// <summary>Finds where rows of the block lie, copying them first where they cannot be read in place.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void LocateRows(int first, int end, Scratch scratch)
    {
        CpuData data = _blockData!;
        float** pointers = RowPointers;
        if (_blockOrder.IsSequential)
        {
            long start = _blockStart + first;
            float* row = data.Rows is null ? _rowCopies!.Pointer + (first * (long)_dimension) : data.Rows + (start * _dimension);
            if (data.Rows is null)
            {
                data.CopyRange(start, end - first, row);
            }

            for (int i = first; i < end; i++, row += _dimension)
            {
                pointers[i] = row;
            }

            return;
        }

        Span<long> rows = scratch.RowNumbers.AsSpan(0, end - first);
        _blockOrder.CopyTo(_blockStart + first, rows);
        for (int i = first; i < end; i++)
        {
            pointers[i] = data.Rows is null
                ? _rowCopies!.Pointer + (i * (long)_dimension)
                : data.Rows + (rows[i - first] * _dimension);
        }

        if (data.Rows is null)
        {
            data.Copy(rows, pointers[first]);
        }
    }

    private void ReleaseBlocks()
    {
        _uncertain?.Dispose();
        _rowPointers?.Dispose();
        _listed?.Dispose();
        _listedPointers?.Dispose();
        _rowCopies?.Dispose();
        _stepLabels?.Dispose();
        _stepDistances?.Dispose();
        _clusterEnds?.Dispose();
        (_uncertain, _rowPointers, _rowCopies) = (null, null, null);
        (_listed, _listedPointers, _stepLabels, _stepDistances, _clusterEnds) = (null, null, null, null, null);
        for (int slot = 0; slot < _scratch.Length; slot++)
        {
            _scratch[slot]?.Dispose();
            _scratch[slot] = null;
        }
    }

    /// <summary>What one thread needs to itself.</summary>
    private sealed class Scratch : IDisposable
    {
        private readonly NativeBuffer<float> _tiles;
        private readonly NativeBuffer<float> _states;
        private readonly NativeBuffer<nint> _pointers;
        private readonly NativeBuffer<int> _rowIndices;
        private NativeBuffer<float>? _scores;
        private NativeBuffer<float>? _rowScores;
        private NativeBuffer<uint>? _masks;
        private NativeBuffer<int>? _coarse;
        private NativeBuffer<float>? _units;

        public Scratch(int unitRows, int dimension)
        {
            _tiles = new NativeBuffer<float>(unitRows * (long)dimension);
            _states = new NativeBuffer<float>(7L * unitRows);
            _pointers = new NativeBuffer<nint>(unitRows);
            _rowIndices = new NativeBuffer<int>(unitRows);
            RowNumbers = new long[unitRows];
            float* state = _states.Pointer;
            State = new TileState(
                state,
                state + unitRows,
                state + (2 * unitRows),
                state + (3 * unitRows),
                state + (4 * unitRows),
                (int*)(state + (5 * unitRows)));
            TwoG = state + (6 * unitRows);
        }

        public float* Tiles => _tiles.Pointer;

        public TileState State { get; }

        /// <summary>2g of each row where they are scored in 16 bits.</summary>
        public float* TwoG { get; }

        /// <summary>The rows of the unit that are to be assigned, as places in the block.</summary>
        public int* RowIndices => _rowIndices.Pointer;

        /// <summary>Where these rows lie.</summary>
        public float** Pointers => (float**)_pointers.Pointer;

        public long[] RowNumbers { get; }

        public uint* Masks(int count) => NativeBuffer<uint>.Ensure(ref _masks, count);

        /// <summary>Rows rounded to 16 bits.</summary>
        public int* Coarse(int room) => NativeBuffer<int>.Ensure(ref _coarse, room);

        /// <summary>What their whole numbers stand for.</summary>
        public float* Units(int room) => NativeBuffer<float>.Ensure(ref _units, room);

        public float* Scores(int room) => NativeBuffer<float>.Ensure(ref _scores, room);

        /// <summary>The scores of a single row, beside those of tiles.</summary>
        public float* RowScores(int room) => NativeBuffer<float>.Ensure(ref _rowScores, room);

        public void Dispose()
        {
            _scores?.Dispose();
            _rowScores?.Dispose();
            _masks?.Dispose();
            _coarse?.Dispose();
            _units?.Dispose();
            _tiles.Dispose();
            _states.Dispose();
            _pointers.Dispose();
            _rowIndices.Dispose();
        }
    }
}
