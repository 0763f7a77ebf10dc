using System.Runtime.CompilerServices;

namespace GpuKMeans.Engines.Cpu;

/// <summary>k-means++ on the CPU: D² as one float32 a row, potentials summed in float64 block by block.</summary>
internal sealed unsafe class CpuSeeding : Seeding
{
    private const int BlockRows = 1024;

    private readonly CpuData _data;
    private readonly WorkerTeam _team;
    private readonly int _dimension;
    private readonly int _blocks;
    private readonly NativeBuffer<float> _nearest;
    private readonly NativeBuffer<float> _candidates;
    private readonly NativeBuffer<float>[] _copies;
    private readonly double[] _blockPotentials;
    private readonly double[] _trials;
    private readonly long[][] _rowNumbers;
    private readonly Action<int, int> _evaluateBlock;
    private readonly Action<int, int> _acceptBlock;

    private int _count;
    private int _accepted;
    private double _potential = double.PositiveInfinity;

    public CpuSeeding(CpuData data, WorkerTeam team)
    {
        (_data, _team, _dimension) = (data, team, data.Dimension);
        _blocks = checked((int)((data.Count + BlockRows - 1) / BlockRows));
        _nearest = new NativeBuffer<float>(data.Count);
        for (long row = 0; row < data.Count; row++)
        {
            _nearest.Pointer[row] = float.PositiveInfinity;
        }

        _candidates = new NativeBuffer<float>(MaxCandidates * (long)_dimension);
        _copies = [.. Enumerable.Range(0, team.Threads).Select(
            _ => new NativeBuffer<float>(data.Rows is null ? BlockRows * (long)_dimension : 0))];
        _rowNumbers = [.. Enumerable.Range(0, team.Threads).Select(_ => new long[data.Rows is null ? BlockRows : 0])];
        _blockPotentials = new double[_blocks];
        _trials = new double[_blocks * MaxCandidates];
        _evaluateBlock = EvaluateBlock;
        _acceptBlock = AcceptBlock;
    }

    public override double Potential => _potential;

    public override void Evaluate(ReadOnlySpan<long> candidates, Span<double> potentials)
    {
        _count = candidates.Length;
        for (int i = 0; i < _count; i++)
        {
            _data.Copy(candidates.Slice(i, 1), _candidates.Pointer + (i * (long)_dimension));
        }

        _team.Run(_blocks, _evaluateBlock);
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
        _accepted = candidate;
        _team.Run(_blocks, _acceptBlock);
        _potential = 0;
        foreach (double part in _blockPotentials)
        {
            _potential += part;
        }
    }

    public override long Find(double share)
    {
        double left = share * _potential;
        int block = 0, last = 0;
        for (; block < _blocks; block++)
        {
            if (_blockPotentials[block] > 0)
            {
                last = block;
                if (left < _blockPotentials[block])
                {
                    break;
                }

                left -= _blockPotentials[block];
            }
        }

        // Rounding may carry the share past the end: then the last row that counts is meant.
        long start = (block < _blocks ? block : last) * (long)BlockRows, found = -1;
        for (long row = start; row < Math.Min(start + BlockRows, _data.Count); row++)
        {
            double value = Weight(row) * _nearest.Pointer[row];
            if (value > 0)
            {
                found = row;
                if (left < value)
                {
                    break;
                }

                left -= value;
            }
        }

        return found;
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _nearest.Dispose();
            _candidates.Dispose();
            foreach (NativeBuffer<float> copy in _copies)
            {
                copy.Dispose();
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void EvaluateBlock(int block, int slot)
    {
        float* rows = Rows(block, slot, out long first, out int count);
        Span<double> sums = _trials.AsSpan(block * MaxCandidates, _count);
        sums.Clear();
        for (int r = 0; r < count; r++)
        {
            float nearest = _nearest.Pointer[first + r];
            double weight = Weight(first + r);
            for (int i = 0; i < sums.Length; i++)
            {
                float distance = Distance.Squared(
                    rows + (r * (long)_dimension), _candidates.Pointer + (i * (long)_dimension), _dimension);
                sums[i] += weight * MathF.Min(nearest, distance);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void AcceptBlock(int block, int slot)
    {
        float* rows = Rows(block, slot, out long first, out int count);
        float* center = _candidates.Pointer + (_accepted * (long)_dimension);
        double sum = 0;
        for (int r = 0; r < count; r++)
        {
            float distance = Distance.Squared(rows + (r * (long)_dimension), center, _dimension);
            float nearest = MathF.Min(_nearest.Pointer[first + r], distance);
            _nearest.Pointer[first + r] = nearest;
            sum += Weight(first + r) * nearest;
        }

        _blockPotentials[block] = sum;
    }

    private double Weight(long row) => _data.Weights is null ? 1 : _data.Weights[row];

    private float* Rows(int block, int slot, out long first, out int count)
    {
        first = block * (long)BlockRows;
        count = (int)Math.Min(BlockRows, _data.Count - first);
        if (_data.Rows is not null)
        {
            return _data.Rows + (first * _dimension);
        }

        Span<long> numbers = _rowNumbers[slot].AsSpan(0, count);
        for (int r = 0; r < count; r++)
        {
            numbers[r] = first + r;
        }

        _data.Copy(numbers, _copies[slot].Pointer);
        return _copies[slot].Pointer;
    }
}
