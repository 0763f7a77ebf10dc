using GpuKMeans.Engines.Cuda.Driver;

namespace GpuKMeans.Engines.Cuda;

/// <content>k-means++.</content>
internal sealed partial class CudaEngine
{
    public override Seeding StartSeeding(EngineData data) => new CudaSeeding(this, (CudaData)data);

    /// <summary>k-means++ on the GPU: one pass over the rows tries all candidates, and keeps the distances to each.</summary>
    private sealed class CudaSeeding : Seeding
    {
        private const int BlockRows = 1024;

        private readonly CudaEngine _engine;
        private readonly CudaData _data;
        private readonly CudaStream _stream;
        private readonly double[] _potentials = new double[MaxCandidates];
        private readonly DeviceBuffer<float> _nearest;
        private readonly DeviceBuffer<float> _distances;
        private readonly DeviceBuffer<float> _candidates;
        private readonly DeviceBuffer<double> _blockPotentials;
        private readonly DeviceBuffer<double> _results;
        private readonly DeviceBuffer<double> _sums;
        private readonly long _blocks;
        private double _potential = double.PositiveInfinity;

        public CudaSeeding(CudaEngine engine, CudaData data)
        {
            (_engine, _data, _stream) = (engine, data, engine._stream);
            _blocks = Blocks(data.Count, BlockRows);
            engine._context.MakeCurrent();
            DeviceMemory memory = engine._memory;
            _nearest = new DeviceBuffer<float>(memory, "D² of each row");
            _distances = new DeviceBuffer<float>(memory, "the distances of k-means++ candidates");
            _candidates = new DeviceBuffer<float>(memory, "k-means++ candidates");
            _blockPotentials = new DeviceBuffer<double>(memory, "the potentials of blocks");
            _results = new DeviceBuffer<double>(memory, "potentials");
            _sums = new DeviceBuffer<double>(memory, "the sums of blocks");
            _stream.Fill(_nearest.Reserve(data.Count), BitConverter.SingleToUInt32Bits(float.PositiveInfinity), data.Count);
            _candidates.Reserve(MaxCandidates * (long)data.Dimension);
            _blockPotentials.Reserve(_blocks * MaxCandidates);
            _results.Reserve(MaxCandidates);
            _sums.Reserve(_blocks);
        }

        public override double Potential => _potential;

        public override void Evaluate(ReadOnlySpan<long> candidates, Span<double> potentials)
        {
            _engine._context.MakeCurrent();
            int count = candidates.Length;
            Rows listed = _engine.Listed(_data, candidates);
            _stream.Launch(Kernel.GatherRows, count, 128, new GatherArgs { Rows = listed, Values = _candidates.Pointer });
            ulong distances = _distances.Reserve(count * _data.Count);
            RowOrder order = RowOrder.Sequential(_data.Count);
            int most = _data.IsResident ? MostPartRows : PartRows(_data.Dimension);
            foreach (Rows part in _engine.Parts(_data, order, 0, _data.Count, most))
            {
                _stream.Launch(Kernel.EvaluateCandidates, Blocks(part.Count, BlockRows), 256, new EvaluateArgs
                {
                    Rows = part,
                    Candidates = _candidates.Pointer,
                    Nearest = _nearest.At(part.Before),
                    Distances = distances + ((ulong)part.Before * sizeof(float)),
                    Potentials = _blockPotentials.At(part.Before / BlockRows * MaxCandidates),
                    Stride = _data.Count,
                    CandidateCount = count,
                });
            }

            _stream.Launch(Kernel.SumPotentials, count, 256, new PotentialsArgs
            {
                Blocks = _blockPotentials.Pointer,
                Potentials = _results.Pointer,
                Count = _blocks,
            });
            _engine.ReadBack<double>(_results.Pointer, count).CopyTo(_potentials);
            _potentials.AsSpan(0, count).CopyTo(potentials);
        }

        public override void Accept(int candidate)
        {
            _engine._context.MakeCurrent();
            _potential = _potentials[candidate];
            _stream.Launch(Kernel.AcceptCandidate, _blocks, 256, new AcceptArgs
            {
                Distances = _distances.At(candidate * _data.Count),
                Weights = _data.DeviceWeights.Pointer,
                Nearest = _nearest.Pointer,
                Sums = _sums.Pointer,
                Count = _data.Count,
            });
        }

        public override long Find(double share)
        {
            _engine._context.MakeCurrent();
            _stream.Launch(Kernel.FindRow, 1, 1024, new FindArgs
            {
                Nearest = _nearest.Pointer,
                Weights = _data.DeviceWeights.Pointer,
                Sums = _sums.Pointer,
                Found = _results.Pointer,
                Count = _data.Count,
                Share = share,
            });
            return _engine.ReadBack<long>(_results.Pointer, 1)[0];
        }

        protected override void Dispose(bool disposing)
        {
            if (disposing)
            {
                _engine._context.MakeCurrent();
                _nearest.Dispose();
                _distances.Dispose();
                _candidates.Dispose();
                _blockPotentials.Dispose();
                _results.Dispose();
                _sums.Dispose();
            }
        }
    }
}
