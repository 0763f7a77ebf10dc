using GpuKMeans.Engines.Cuda.Driver;

namespace GpuKMeans.Engines.Cuda;

internal sealed partial class CudaEngine
{
    private sealed partial class CudaSeeding
    {
        public override bool TakesSteps => true;

        public override void Evaluate(ReadOnlySpan<long> candidates, Span<double> potentials)
        {
            if (!FindMembers(candidates))
            {
                Prepare(candidates);
                FindMembers(candidates);
            }

            using Operation operation = _engine.Enter();
            int count = candidates.Length;
            var step = new Steps
            {
                Tried = _lastTried,
                TriedCount = count,
                Trials = count,
                Accepted = _accepted,
                Left = 1,
                Potential = double.PositiveInfinity,
                Next = _memberCount,
                MemberCount = _memberCount,
            };
            LaunchSteps(step, 1);
            _accepted = None;
            _engine.ReadBack<Trial>(_trials.Pointer, count).CopyTo(_lastTrials);
            for (int i = 0; i < count; i++)
            {
                potentials[i] = _lastTrials[i].Potential;
            }
        }

        // Each step takes the next by itself, so that the host waits once for them all.
        public override (int Drawn, int Centers) TakeSteps(
            ReadOnlySpan<long> drawn, ReadOnlySpan<double> thresholds, Span<long> candidates, ref int kept, Span<long> centers)
        {
            if (!FindMembers(candidates[..kept]))
            {
                throw new InvalidOperationException("Candidates must be prepared.");
            }

            using Operation operation = _engine.Enter();
            int first = _memberCount - drawn.Length, most = Math.Min((kept + drawn.Length) / candidates.Length, centers.Length);
            var steps = new Steps
            {
                Tried = _lastTried,
                TriedCount = kept,
                Trials = candidates.Length,
                Accepted = _accepted,
                Left = centers.Length,
                Potential = _potential,
                Next = first,
                MemberCount = _memberCount,
            };
            _squaredDistances.CopyTo(steps.Distances);
            thresholds.CopyTo(((Span<double>)steps.Thresholds)[first..]);
            for (; steps.TriedCount < steps.Trials && steps.Next < _memberCount; steps.Next++)
            {
                if (steps.Thresholds[steps.Next] < steps.Distances[steps.Next])
                {
                    steps.Tried[steps.TriedCount++] = steps.Next;
                }
            }

            if (steps.TriedCount == steps.Trials)
            {
                LaunchSteps(steps, most);
                steps = _engine.ReadBack<Steps>(_steps.Pointer, 1)[0];
                _found.Clear();
                _isSummed = false;
                (_accepted, _potential) = (steps.Accepted, steps.Potential);
                ((ReadOnlySpan<float>)steps.Distances).CopyTo(_squaredDistances);
            }

            for (int i = 0; i < steps.ChosenCount; i++)
            {
                centers[i] = _rows[steps.Chosen[i]];
            }

            kept = steps.TriedCount;
            for (int i = 0; i < kept; i++)
            {
                candidates[i] = _rows[steps.Tried[i]];
            }

            _centers += steps.ChosenCount;
            return (steps.Next - first, steps.ChosenCount);
        }

        public override void Accept(int candidate)
        {
            _potential = _lastTrials[candidate].Potential;
            ((ReadOnlySpan<float>)_lastTrials[candidate].Distances).CopyTo(_squaredDistances);
            _found.Clear();
            _accepted = _lastTried[candidate];
            _isSummed = false;
            _centers++;
        }

        private void LaunchSteps(in Steps steps, int count)
        {
            _stream.Upload(_steps.Pointer, new ReadOnlySpan<Steps>(in steps));
            var arguments = new TryArgs
            {
                Measured = Measured,
                Nearest = _nearest.Pointer,
                Weights = _data.DeviceWeights.Pointer,
                Rows = _memberRows.Pointer,
                Potentials = _blockPotentials.Pointer,
                Trials = _trials.Pointer,
                Steps = _steps.Pointer,
                Finished = _finished.Pointer,
                Count = _data.Count,
            };
            for (int i = 0; i < count; i++)
            {
                _stream.Launch(Kernel.TryMembers, _triedBlocks, 256, arguments);
            }
        }

        private bool FindMembers(ReadOnlySpan<long> candidates)
        {
            for (int i = 0; i < candidates.Length; i++)
            {
                if (!_memberOf.TryGetValue(candidates[i], out int member))
                {
                    return false;
                }

                _lastTried[i] = member;
            }

            return true;
        }
    }
}
