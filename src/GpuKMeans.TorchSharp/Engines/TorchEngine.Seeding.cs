using TorchSharp;
using Tensor = TorchSharp.torch.Tensor;

namespace GpuKMeans.Engines.Torch;

/// <content>k-means++.</content>
internal sealed partial class TorchEngine
{
    public override Seeding StartSeeding(EngineData data) => new TorchSeeding(this, (TorchData)data);

    /// <summary>
    /// k-means++ on tensors: one pass over the rows tries all candidates, and keeps the distances to each. A row is found by
    /// sums of blocks on the host, in an order that does not change; there is no limit to the number of rows.
    /// </summary>
    private sealed class TorchSeeding : Seeding
    {
        private const int BlockRows = 1024;

        private readonly TorchEngine _engine;
        private readonly TorchData _data;
        private readonly Tensor _nearest;
        private readonly double[] _blockSums;
        private readonly double[] _potentials = new double[MaxCandidates];
        private Tensor? _distances;
        private double _potential = double.PositiveInfinity;

        public TorchSeeding(TorchEngine engine, TorchData data)
        {
            (_engine, _data) = (engine, data);
            _blockSums = new double[(data.Count + BlockRows - 1) / BlockRows];
            _nearest = torch.full(data.Count, float.PositiveInfinity, torch.ScalarType.Float32, engine._exact).DetachFromDisposeScope();
        }

        public override double Potential => _potential;

        public override void Evaluate(ReadOnlySpan<long> candidates, Span<double> potentials)
        {
            using var scope = torch.NewDisposeScope();
            int count = candidates.Length;
            Tensor index = HostMemory.Upload(candidates, torch.ScalarType.Int64, _engine._device, count);
            Tensor chosen = _engine.Exactly(_data.Rows.index_select(0, index));
            _distances?.Dispose();
            _distances = torch.empty(count, _data.Count, torch.ScalarType.Float32, _engine._exact).DetachFromDisposeScope();
            Tensor sums = torch.zeros(count, torch.ScalarType.Float64, _engine._exact);
            long most = Math.Max(1, _engine._valuesAtOnce / Math.Max(count, _data.Dimension));
            for (long start = 0; start < _data.Count; start += most)
            {
                using var inner = torch.NewDisposeScope();
                Part part = PartOf(_data, start, Math.Min(most, _data.Count - start));
                long rows = part.Rows.shape[0];
                Tensor distances = Measure(chosen, _engine.Exactly(part.Rows));
                Tensor squares = (distances * distances).to(torch.ScalarType.Float32);
                _distances.narrow(1, start, rows).copy_(squares);
                Tensor lowered = squares.minimum(_nearest.narrow(0, start, rows)).to(torch.ScalarType.Float64);
                sums.add_(Weighted(lowered, part.Weights).sum(1));
            }

            HostMemory.Download(sums, _potentials.AsSpan(0, count));
            _potentials.AsSpan(0, count).CopyTo(potentials);
        }

        public override void Accept(int candidate)
        {
            using var scope = torch.NewDisposeScope();
            _potential = _potentials[candidate];
            _nearest.copy_(_nearest.minimum(_distances!.select(0, candidate)));
            long whole = _data.Count / BlockRows * BlockRows;
            if (whole > 0)
            {
                Tensor sums = Shares(0, whole).view(-1, BlockRows).sum(1);
                HostMemory.Download(sums, _blockSums.AsSpan(0, (int)(whole / BlockRows)));
            }

            if (whole < _data.Count)
            {
                _blockSums[^1] = Shares(whole, _data.Count - whole).sum().item<double>();
            }
        }

        public override long Find(double share)
        {
            double left = share * _blockSums.Sum();
            int block = 0, last = Array.FindLastIndex(_blockSums, sum => sum > 0);
            while (block < last && left >= _blockSums[block])
            {
                left -= _blockSums[block++];
            }

            using var scope = torch.NewDisposeScope();
            long start = block * (long)BlockRows;
            double[] shares = new double[Math.Min(BlockRows, _data.Count - start)];
            HostMemory.Download<double>(Shares(start, shares.Length), shares);
            int row = -1;
            for (int i = 0; i < shares.Length && left >= 0; i++)
            {
                // The last row with a share is taken where roundings leave nothing to pass.
                row = shares[i] > 0 ? i : row;
                left -= shares[i];
                if (left < 0)
                {
                    break;
                }
            }

            return start + row;
        }

        protected override void Dispose(bool disposing)
        {
            if (disposing)
            {
                _nearest.Dispose();
                _distances?.Dispose();
            }
        }

        /// <summary>Weight × D² of consecutive rows, in float64.</summary>
        private Tensor Shares(long start, long count) => Weighted(
            _nearest.narrow(0, start, count).to(torch.ScalarType.Float64), _data.Weights?.narrow(0, start, count));
    }
}
