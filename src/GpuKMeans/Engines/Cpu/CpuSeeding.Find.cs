namespace GpuKMeans.Engines.Cpu;

/// <content>Drawing rows with probability ∝ weight × D²: by binary search among blocks, then row by row.</content>
internal sealed unsafe partial class CpuSeeding
{
    private double[] _running = [];
    private double _potential = double.PositiveInfinity;

    public override void Find(ReadOnlySpan<double> shares, Span<long> rows, Span<float> squaredDistances)
    {
        for (int i = 0; i < shares.Length; i++)
        {
            rows[i] = FindRow(shares[i]);
            squaredDistances[i] = _nearest.Pointer[rows[i]];
        }
    }

    private long FindRow(double share)
    {
        double target = share * _potential;
        int found = Array.BinarySearch(_running, target);

        // The first block whose running sum exceeds the target; where rounding carried it past the end, the last that counts.
        int block = found >= 0 ? found + 1 : ~found;
        while (block < _blocks && _potentials[block] <= 0)
        {
            block++;
        }

        if (block >= _blocks)
        {
            block = Array.FindLastIndex(_potentials, potential => potential > 0);
        }

        double left = target - (block == 0 ? 0 : _running[block - 1]);
        long start = block * (long)BlockRows, last = -1;
        for (long row = start; row < start + Count(block); row++)
        {
            double value = (_data.Weights is null ? 1.0 : _data.Weights[row]) * _nearest.Pointer[row];
            if (value > 0)
            {
                last = row;
                if (left < value)
                {
                    break;
                }

                left -= value;
            }
        }

        return last;
    }

    private void SumPotentials()
    {
        if (_running.Length != _blocks)
        {
            _running = new double[_blocks];
        }

        _potential = 0;
        for (int block = 0; block < _blocks; block++)
        {
            _running[block] = _potential += _potentials[block];
        }
    }
}
