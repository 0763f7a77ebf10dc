using GpuKMeans.Engines.Cuda.Driver;

namespace GpuKMeans.Engines.Cuda;

internal sealed partial class CudaEngine
{
    /// <summary>
    /// k-means++ on the GPU: one pass over the rows measures a pool of candidates, and a step reads the distances to those it
    /// tries. A step is one kernel, which lowers D² by the centre before as well, and decides what the next one tries: the host
    /// waits once for those of a pool.
    /// </summary>
    private sealed partial class CudaSeeding : Seeding
    {
        // Of Kernels/seeding_steps.cuh and squares.cuh.
        private const int None = -1;
        private const int BlockRows = 1024;
        private const int TriedRows = 2 * BlockRows;
        private const int TileRows = 128;
        private const int TileMembers = 64;
        private const int MostMembers = 128;

        // Of Kernels/near_members.cuh; shorter rows are measured about as quickly as they are read.
        private const int NearTileBytes = 101136;
        private const int LeastNearDimension = 32;
        private const int FewMembers = 8;

        // Of Kernels/near_groups.cuh; where there is room for fewer warps, the other is as quick.
        private const int NearColumns = 128;
        private const int GroupRows = 16;
        private const int GroupMarks = 4;
        private const int NearPoolBytes = 99360;
        private const int NearGroupBytes = 16448;
        private const int MostGroupWarps = 8;
        private const int LeastGroupWarps = 4;

        // Two counters, and a number for each group.
        private const int CrowdedCounters = 2;

        private readonly CudaEngine _engine;
        private readonly CudaData _data;
        private readonly CudaStream _stream;
        private readonly long _blocks;
        private readonly long _triedBlocks;

        // Warps of a block that measures groups of rows; 0 where tiles are measured.
        private readonly int _groupWarps;
        private readonly int _poolSize;
        private readonly DeviceBuffer<float> _nearest;
        private readonly DeviceBuffer<float> _distances;
        private readonly DeviceBuffer<float> _members;
        private readonly DeviceBuffer<long> _memberRows;
        private readonly DeviceBuffer<float> _memberDistances;
        private readonly DeviceBuffer<float> _origin;
        private readonly DeviceBuffer<int> _crowded;
        private readonly DeviceBuffer<uint> _marks;
        private readonly DeviceBuffer<double> _blockPotentials;
        private readonly DeviceBuffer<double> _sums;
        private readonly DeviceBuffer<double> _shares;
        private readonly DeviceBuffer<Trial> _trials;
        private readonly DeviceBuffer<Steps> _steps;
        private readonly DeviceBuffer<int> _finished;
        private readonly DeviceBuffer<Drawn> _drawn;
        private readonly Trial[] _lastTrials = new Trial[MaxCandidates];
        private readonly long[] _rows = new long[MostMembers];
        private readonly Dictionary<long, int> _memberOf = [];
        private readonly float[] _squaredDistances = new float[MostMembers];

        // D² of rows drawn since the last centre.
        private readonly Dictionary<long, float> _found = [];
        private int _memberCount;
        private int _centers;
        private Tried _lastTried;

        // Whether only pairs that may lower D² are measured of the pool, and whether these are marked.
        private bool _isNear;
        private bool _isMarked;

        // The centre by which D² on the GPU has not been lowered yet, and whether the sums of its blocks are those of now.
        private int _accepted = None;
        private bool _isSummed;
        private double _potential = double.PositiveInfinity;

        public CudaSeeding(CudaEngine engine, CudaData data)
        {
            (_engine, _data, _stream) = (engine, data, engine._stream);
            _groupWarps = GroupWarps(engine._context.SharedMemory, data.Dimension);
            (_blocks, _triedBlocks) = (Blocks(data.Count, BlockRows), Blocks(data.Count, TriedRows));
            using Operation operation = engine.Enter();
            DeviceMemory memory = engine._memory;
            _nearest = new DeviceBuffer<float>(memory, "D² of each row");
            _distances = new DeviceBuffer<float>(memory, "the distances of k-means++ candidates");
            _members = new DeviceBuffer<float>(memory, "k-means++ candidates");
            _memberRows = new DeviceBuffer<long>(memory, "the rows of k-means++ candidates");
            _blockPotentials = new DeviceBuffer<double>(memory, "the potentials of blocks");
            _sums = new DeviceBuffer<double>(memory, "the sums of blocks");
            _memberDistances = new DeviceBuffer<float>(memory, "D² of k-means++ candidates");
            _shares = new DeviceBuffer<double>(memory, "the shares of draws");
            _origin = new DeviceBuffer<float>(memory, "the origin");
            _crowded = new DeviceBuffer<int>(memory, "rows with many near candidates");
            _marks = new DeviceBuffer<uint>(memory, "marks of near candidates");
            _trials = new DeviceBuffer<Trial>(memory, "what trying k-means++ candidates tells");
            _steps = new DeviceBuffer<Steps>(memory, "steps of k-means++");
            _finished = new DeviceBuffer<int>(memory, "a counter");
            _drawn = new DeviceBuffer<Drawn>(memory, "rows drawn");
            engine.MakeRoom(() =>
            {
                _nearest.Reserve(Stride);
                _members.Reserve(MostMembers * (long)data.Dimension);
                _memberRows.Reserve(MostMembers);
                _memberDistances.Reserve(MostMembers);
                _blockPotentials.Reserve(_triedBlocks * MaxCandidates);
                _sums.Reserve(_blocks);
                _shares.Reserve(MostMembers);
                _drawn.Reserve(MostMembers);
                _origin.Reserve(data.Dimension);
                _crowded.Reserve(CrowdedCounters + Blocks(Math.Min(Stride, MostPartRows), GroupRows));
                _marks.Reserve(_groupWarps == 0 ? 0 : GroupMarks * (Stride / GroupRows));
                _trials.Reserve(MaxCandidates);
                _steps.Reserve(1);
                _finished.Reserve(1);
            });
            _stream.Upload(_origin.Pointer, data.Frame.Origin.Span);
            _stream.Fill(_finished.Pointer, 0, 1);
            _stream.Fill(_crowded.Pointer, 0, CrowdedCounters);
            _stream.Fill(_nearest.Pointer, BitConverter.SingleToUInt32Bits(float.PositiveInfinity), Stride);

            // Half of what is free, so that the rest of the work has the other.
            (long free, long total) = memory.Room();
            int most = _groupWarps > 0 ? MostMembers : TileMembers;
            _poolSize = (int)Math.Clamp((free - DeviceMemory.Reserve(total)) / 2 / (Stride * sizeof(float)), 1, most);
        }

        public override double Potential => _potential;

        // Where all pairs are measured it is by tiles of so many members.
        public override int PoolSize => HasNearMembers ? _poolSize : Math.Min(_poolSize, TileMembers);

        // The kernels compute as many, whether they are there or not.
        public override bool FillsPool => true;

        // Whole blocks, so that kernels need not look where rows end.
        private long Stride => _blocks * BlockRows;

        // Whether few members of a pool are near to a row: before and at the first centre most are.
        private bool HasNearMembers => _centers > 1;

        private Measured Measured => new() { Distances = _distances.Pointer, Marks = _isMarked ? _marks.Pointer : 0, Stride = Stride };

        public override void Prepare(ReadOnlySpan<long> rows)
        {
            using Operation operation = _engine.Begin();
            ApplyAccepted();
            _stream.Upload(_memberRows.Pointer, rows);
            KnowDistances(rows);
            _memberCount = rows.Length;
            _isNear = (HasNearMembers || _memberCount <= FewMembers) && HasNearColumns(_data.Dimension);
            _isMarked = _isNear && _groupWarps > 0;
            rows.CopyTo(_rows);
            _memberOf.Clear();
            for (int i = 0; i < rows.Length; i++)
            {
                _memberOf[rows[i]] = i;
            }

            Gather(_data.IsResident ? Members(_data.Rows.Pointer, _data.Dimension, rows.Length) : _engine.Listed(_data, rows), _members.Pointer);
            // The first pools are small; after one that is not come full ones.
            long measured = (rows.Length < TileMembers ? rows.Length : Math.Max(rows.Length, _poolSize)) * Stride;
            _engine.MakeRoom(() => _distances.Reserve(measured));
            int most = _data.IsResident ? MostPartRows : PartRows(_data.Dimension);
            foreach (Rows part in _engine.Parts(_data, RowOrder.Sequential(_data.Count), 0, _data.Count, most))
            {
                Measure(part);
            }

            // Rows that are on the GPU were looked at when they came there.
            if (!_data.IsResident)
            {
                _engine.ThrowIfBad(_data, 0);
            }

            operation.Complete();
        }

        public override float SquaredDistance(long row) => _squaredDistances[_memberOf[row]];

        public override void Find(ReadOnlySpan<double> shares, Span<long> rows, Span<float> squaredDistances)
        {
            using Operation operation = _engine.Enter();
            if (!_isSummed)
            {
                SumNearest();
            }

            _stream.Upload(_shares.Reserve(shares.Length), shares);
            _stream.Launch(Kernel.DrawRows, shares.Length, 1024, new DrawArgs
            {
                Nearest = _nearest.Pointer,
                Weights = _data.DeviceWeights.Pointer,
                Sums = _sums.Pointer,
                Shares = _shares.Pointer,
                Drawn = _drawn.Reserve(shares.Length),
                Count = _data.Count,
            });
            ReadOnlySpan<Drawn> drawn = _engine.ReadBack<Drawn>(_drawn.Pointer, shares.Length);
            for (int i = 0; i < drawn.Length; i++)
            {
                (rows[i], squaredDistances[i]) = (drawn[i].Row, drawn[i].Distance);
                _found[drawn[i].Row] = drawn[i].Distance;
            }
        }

        protected override void Dispose(bool disposing)
        {
            if (disposing)
            {
                _nearest.Dispose();
                _distances.Dispose();
                _members.Dispose();
                _memberRows.Dispose();
                _blockPotentials.Dispose();
                _sums.Dispose();
                _memberDistances.Dispose();
                _shares.Dispose();
                _trials.Dispose();
                _steps.Dispose();
                _origin.Dispose();
                _crowded.Dispose();
                _marks.Dispose();
                _finished.Dispose();
                _drawn.Dispose();
            }
        }

        // One pass measures the pairs that may lower D², but for rows with many, which are left to another. Where all members are few,
        // it does not matter how many are near.
        private void Measure(in Rows part)
        {
            long tiles = Blocks(part.Count, TileRows);
            var arguments = new MeasureArgs
            {
                Rows = part,
                Members = _members.Pointer,
                Distances = _distances.At(part.Before),
                Stride = Stride,
                MemberCount = _memberCount,
            };
            if (_isNear)
            {
                arguments.Nearest = _nearest.At(part.Before);
                arguments.Origin = _origin.Pointer;
                arguments.Crowded = _crowded.Pointer;
                MeasureNear(arguments, tiles);
                tiles = Math.Min(tiles, 2 * _engine._context.Multiprocessors);
            }

            _stream.Launch(Kernel.MeasureMembers, tiles, TileRows, arguments);
        }

        private void MeasureNear(MeasureArgs arguments, long tiles)
        {
            CudaContext gpu = _engine._context;
            if (_isMarked)
            {
                arguments.Marks = _marks.At(arguments.Rows.Before / GroupRows * GroupMarks);
                long blocks = Math.Min(Blocks(arguments.Rows.Count, GroupRows * _groupWarps), gpu.Multiprocessors);
                int bytes = NearPoolBytes + (_groupWarps * NearGroupBytes);
                _stream.Launch(Kernel.MeasureNearGroups, blocks, 32 * _groupWarps, arguments, sharedBytes: bytes);
            }
            else
            {
                long blocks = Math.Min(tiles, 2 * gpu.Multiprocessors);
                _stream.Launch(Kernel.MeasureNearMembers, blocks, TileRows, arguments, sharedBytes: NearTileBytes);
            }
        }

        /// <summary>Lowers D² by the last centre, which the next step does by itself, before the pool is another.</summary>
        private void ApplyAccepted()
        {
            if (_accepted != None)
            {
                SumNearest();
            }
        }

        private void SumNearest()
        {
            _stream.Launch(Kernel.AcceptMember, _blocks, 256, new AcceptArgs
            {
                Measured = Measured,
                Weights = _data.DeviceWeights.Pointer,
                Nearest = _nearest.Pointer,
                Sums = _sums.Pointer,
                Count = _data.Count,
                Accepted = _accepted,
            });
            (_accepted, _isSummed) = (None, true);
        }

        /// <summary>Finds D² of rows that are to be prepared; where all were drawn or prepared before, it is known.</summary>
        private void KnowDistances(ReadOnlySpan<long> rows)
        {
            Span<float> known = stackalloc float[rows.Length];
            for (int i = 0; i < rows.Length; i++)
            {
                if (_found.TryGetValue(rows[i], out known[i]))
                {
                    continue;
                }

                if (!_memberOf.TryGetValue(rows[i], out int member))
                {
                    Gather(Members(_nearest.Pointer, 1, rows.Length), _memberDistances.Pointer);
                    _engine.ReadBack<float>(_memberDistances.Pointer, rows.Length).CopyTo(_squaredDistances);
                    return;
                }

                known[i] = _squaredDistances[member];
            }

            known.CopyTo(_squaredDistances);
        }

        private static bool HasNearColumns(int dimension) => dimension % 4 == 0 && dimension >= LeastNearDimension;

        private static int GroupWarps(int sharedMemory, int dimension)
        {
            int warps = Math.Min((sharedMemory - NearPoolBytes) / NearGroupBytes, MostGroupWarps);
            return HasNearColumns(dimension) && dimension <= NearColumns && warps >= LeastGroupWarps ? warps : 0;
        }

        // What is kept for each of the members' rows.
        private Rows Members(ulong values, int dimension, int count) =>
            new() { Values = values, Index = _memberRows.Pointer, Dimension = dimension, Count = count };

        private void Gather(in Rows rows, ulong to) =>
            _stream.Launch(Kernel.GatherRows, Blocks(rows.Count, 32), 256, new GatherArgs { Rows = rows, Values = to });
    }
}
