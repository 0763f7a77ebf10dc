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
        // Of Kernels/seeding.cu.
        private const int None = -1;
        private const int BlockRows = 1024;
        private const int TileRows = 128;
        private const int MostMembers = 64;

        // Of Kernels/near_members.cuh; shorter rows are measured about as quickly as they are read.
        private const int NearTileBytes = 101136;
        private const int LeastNearDimension = 32;
        private const int FewMembers = 8;

        // Of Kernels/near_groups.cuh; where there is room for fewer warps, the other is as quick.
        private const int NearColumns = 128;
        private const int GroupRows = 16;
        private const int NearPoolBytes = 66304;
        private const int NearGroupBytes = 16448;
        private const int MostGroupWarps = 10;
        private const int LeastGroupWarps = 6;

        // Two counters, and a number for each group.
        private const int CrowdedCounters = 2;

        private readonly CudaEngine _engine;
        private readonly CudaData _data;
        private readonly CudaStream _stream;
        private readonly long _blocks;
        private readonly DeviceBuffer<float> _nearest;
        private readonly DeviceBuffer<float> _distances;
        private readonly DeviceBuffer<float> _members;
        private readonly DeviceBuffer<long> _memberRows;
        private readonly DeviceBuffer<float> _memberDistances;
        private readonly DeviceBuffer<float> _origin;
        private readonly DeviceBuffer<int> _crowded;
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

        // The centre by which D² on the GPU has not been lowered yet, and whether the sums of its blocks are those of now.
        private int _accepted = None;
        private bool _isSummed;
        private double _potential = double.PositiveInfinity;

        public CudaSeeding(CudaEngine engine, CudaData data)
        {
            (_engine, _data, _stream) = (engine, data, engine._stream);
            _blocks = Blocks(data.Count, BlockRows);
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
                _blockPotentials.Reserve(_blocks * MaxCandidates);
                _sums.Reserve(_blocks);
                _shares.Reserve(MostMembers);
                _drawn.Reserve(MostMembers);
                _origin.Reserve(data.Dimension);
                _crowded.Reserve(CrowdedCounters + Blocks(Math.Min(Stride, MostPartRows), GroupRows));
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
            PoolSize = (int)Math.Clamp((free - DeviceMemory.Reserve(total)) / 2 / (Stride * sizeof(float)), 1, MostMembers);
        }

        public override double Potential => _potential;

        public override int PoolSize { get; }

        // The kernel computes all MostMembers, whether they are there or not.
        public override bool FillsPool => true;

        // Whole blocks, so that kernels need not look where rows end.
        private long Stride => _blocks * BlockRows;

        public override void Prepare(ReadOnlySpan<long> rows)
        {
            using Operation operation = _engine.Begin();
            ApplyAccepted();
            _stream.Upload(_memberRows.Pointer, rows);
            KnowDistances(rows);
            _memberCount = rows.Length;
            rows.CopyTo(_rows);
            _memberOf.Clear();
            for (int i = 0; i < rows.Length; i++)
            {
                _memberOf[rows[i]] = i;
            }

            Gather(_data.IsResident ? Members(_data.Rows.Pointer, _data.Dimension, rows.Length) : _engine.Listed(_data, rows), _members.Pointer);
            long measured = rows.Length * Stride;
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
                _finished.Dispose();
                _drawn.Dispose();
            }
        }

        // One pass measures the pairs that may lower D², but for rows with many, which are left to another. Before and at the first
        // centre that is most of them, unless they are few in all.
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
            if ((_centers > 1 || _memberCount <= FewMembers) && _data.Dimension % 4 == 0 && _data.Dimension >= LeastNearDimension)
            {
                arguments.Nearest = _nearest.At(part.Before);
                arguments.Origin = _origin.Pointer;
                arguments.Crowded = _crowded.Pointer;
                MeasureNear(arguments, tiles);
                tiles = Math.Min(tiles, 2 * _engine._context.Multiprocessors);
            }

            _stream.Launch(Kernel.MeasureMembers, tiles, TileRows, arguments);
        }

        private void MeasureNear(in MeasureArgs arguments, long tiles)
        {
            CudaContext gpu = _engine._context;
            int warps = _data.Dimension <= NearColumns ? Math.Min((gpu.SharedMemory - NearPoolBytes) / NearGroupBytes, MostGroupWarps) : 0;
            if (warps >= LeastGroupWarps)
            {
                long blocks = Math.Min(Blocks(arguments.Rows.Count, GroupRows * warps), gpu.Multiprocessors);
                int bytes = NearPoolBytes + (warps * NearGroupBytes);
                _stream.Launch(Kernel.MeasureNearGroups, blocks, 32 * warps, arguments, sharedBytes: bytes);
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
                Distances = _accepted == None ? _nearest.Pointer : _distances.At(_accepted * Stride),
                Weights = _data.DeviceWeights.Pointer,
                Nearest = _nearest.Pointer,
                Sums = _sums.Pointer,
                Count = _data.Count,
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

        // What is kept for each of the members' rows.
        private Rows Members(ulong values, int dimension, int count) =>
            new() { Values = values, Index = _memberRows.Pointer, Dimension = dimension, Count = count };

        private void Gather(in Rows rows, ulong to) =>
            _stream.Launch(Kernel.GatherRows, Blocks(rows.Count, 32), 256, new GatherArgs { Rows = rows, Values = to });
    }
}
