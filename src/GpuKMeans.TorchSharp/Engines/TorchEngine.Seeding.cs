using TorchSharp;
using Tensor = TorchSharp.torch.Tensor;

namespace GpuKMeans.Engines.Torch;

/// <content>k-means++.</content>
internal sealed partial class TorchEngine
{
    public override Seeding StartSeeding(EngineData data) => new TorchSeeding(this, (TorchData)data);

    /// <summary>
    /// k-means++ on tensors: D² as one float32 a row, and a pool of candidates with their distances to all rows. A row is found
    /// by sums of blocks on the host, in an order that does not change; there is no limit to the number of rows.
    /// </summary>
    private sealed class TorchSeeding : Seeding
    {
        private const int BlockRows = 1024;
        private const long PoolBytes = 256L << 20;
        private const int LeastMembers = 4;
        private const int MostMembers = 48;

        private readonly TorchEngine _engine;
        private readonly TorchData _data;
        private readonly Tensor _nearest;
        private readonly Dictionary<long, int> _members = [];
        private readonly double[] _potentials = new double[MaxCandidates];
        private readonly int[] _chosen = new int[MaxCandidates];
        private Tensor? _pool;
        private Tensor? _poolRows;
        private float[] _memberSquares = [];
        private double _potential = double.PositiveInfinity;

        public TorchSeeding(TorchEngine engine, TorchData data)
        {
            (_engine, _data) = (engine, data);
            PoolSize = (int)Math.Clamp(PoolBytes / sizeof(float) / Math.Max(1, data.Count), LeastMembers, MostMembers);
            _nearest = torch.full(data.Count, float.PositiveInfinity, torch.ScalarType.Float32, engine._exact).DetachFromDisposeScope();
        }

        public override double Potential => _potential;

        public override int PoolSize { get; }

        public override float SquaredDistance(long row) => _memberSquares[_members[row]];

        public override void Prepare(ReadOnlySpan<long> rows)
        {
            using var scope = torch.NewDisposeScope();
            ReleasePool();
            _members.Clear();
            for (int i = 0; i < rows.Length; i++)
            {
                _members[rows[i]] = i;
            }

            _poolRows = HostMemory.Upload(rows, torch.ScalarType.Int64, _engine._exact, rows.Length).DetachFromDisposeScope();
            _pool = torch.empty(rows.Length, _data.Count, torch.ScalarType.Float32, _engine._exact).DetachFromDisposeScope();
            Tensor chosen = _engine.Exactly(_data.Rows.index_select(0, _poolRows.to(_engine._device)));
            long most = Math.Max(1, _engine._valuesAtOnce / Math.Max(rows.Length, _data.Dimension));
            for (long start = 0; start < _data.Count; start += most)
            {
                using var inner = torch.NewDisposeScope();
                Part part = PartOf(_data, start, Math.Min(most, _data.Count - start));
                Tensor distances = Measure(chosen, _engine.Exactly(part.Rows));
                _pool.narrow(1, start, part.Rows.shape[0]).copy_((distances * distances).to(torch.ScalarType.Float32));
            }

            ReadMembers();
        }

        public override void Evaluate(ReadOnlySpan<long> candidates, Span<double> potentials)
        {
            foreach (long row in candidates)
            {
                if (!_members.ContainsKey(row))
                {
                    Prepare(candidates);
                    break;
                }
            }

            using var scope = torch.NewDisposeScope();
            int count = candidates.Length;
            long[] places = new long[count];
            for (int i = 0; i < count; i++)
            {
                places[i] = _chosen[i] = _members[candidates[i]];
            }

            Tensor index = HostMemory.Upload<long>(places, torch.ScalarType.Int64, _engine._exact, count);
            Tensor sums = torch.zeros(count, torch.ScalarType.Float64, _engine._exact);
            long most = Math.Max(1, _engine._valuesAtOnce / count);
            for (long start = 0; start < _data.Count; start += most)
            {
                using var inner = torch.NewDisposeScope();
                long rows = Math.Min(most, _data.Count - start);
                Tensor lowered = _pool!.narrow(1, start, rows).index_select(0, index).minimum(_nearest.narrow(0, start, rows));
                sums.add_(Weighted(lowered.to(torch.ScalarType.Float64), _data.Weights?.narrow(0, start, rows)).sum(1));
            }

            HostMemory.Download(sums, _potentials.AsSpan(0, count));
            _potentials.AsSpan(0, count).CopyTo(potentials);
        }

        public override void Accept(int candidate)
        {
            using var scope = torch.NewDisposeScope();
            _potential = _potentials[candidate];
            _nearest.copy_(_nearest.minimum(_pool!.select(0, _chosen[candidate])));
            ReadMembers();
        }

        public override void Find(ReadOnlySpan<double> shares, Span<long> rows, Span<float> squaredDistances)
        {
            using var scope = torch.NewDisposeScope();
            double[] blocks = BlockSums();
            double total = blocks.Sum();
            for (int i = 0; i < shares.Length; i++)
            {
                rows[i] = Find(blocks, shares[i] * total);
            }

            Tensor index = HostMemory.Upload<long>(rows, torch.ScalarType.Int64, _engine._exact, rows.Length);
            HostMemory.Download(_nearest.index_select(0, index), squaredDistances);
        }

        protected override void Dispose(bool disposing)
        {
            if (disposing)
            {
                _nearest.Dispose();
                ReleasePool();
            }
        }

        private long Find(double[] blocks, double left)
        {
            int block = 0, last = Array.FindLastIndex(blocks, sum => sum > 0);
            while (block < last && left >= blocks[block])
            {
                left -= blocks[block++];
            }

            long start = block * (long)BlockRows;
            double[] values = new double[Math.Min(BlockRows, _data.Count - start)];
            HostMemory.Download<double>(Shares(start, values.Length), values);

            // The last row with a share is taken where roundings leave nothing to pass.
            int row = -1;
            for (int i = 0; i < values.Length && left >= 0; i++)
            {
                row = values[i] > 0 ? i : row;
                left -= values[i];
            }

            return start + row;
        }

        private double[] BlockSums()
        {
            double[] sums = new double[(_data.Count + BlockRows - 1) / BlockRows];
            long whole = _data.Count / BlockRows * BlockRows;
            if (whole > 0)
            {
                HostMemory.Download(Shares(0, whole).view(-1, BlockRows).sum(1), sums.AsSpan(0, (int)(whole / BlockRows)));
            }

            if (whole < _data.Count)
            {
                sums[^1] = Shares(whole, _data.Count - whole).sum().item<double>();
            }

            return sums;
        }

        /// <summary>Weight × D² of consecutive rows, in float64.</summary>
        private Tensor Shares(long start, long count) => Weighted(
            _nearest.narrow(0, start, count).to(torch.ScalarType.Float64), _data.Weights?.narrow(0, start, count));

        private void ReadMembers()
        {
            _memberSquares = new float[_poolRows!.shape[0]];
            HostMemory.Download<float>(_nearest.index_select(0, _poolRows), _memberSquares);
        }

        private void ReleasePool()
        {
            _pool?.Dispose();
            _poolRows?.Dispose();
        }
    }
}
