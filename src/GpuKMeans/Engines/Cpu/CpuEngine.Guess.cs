using System.Runtime.CompilerServices;

namespace GpuKMeans.Engines.Cpu;

/// <content>
/// Rows that lie far nearer to a centre than others do: a few columns are enough to guess it, and then the distances
/// between centres say that the guess is right, or which few others it may be (<see cref="CenterNeighbors"/>). The labels
/// are the same as without.
/// </content>
internal sealed unsafe partial class CpuEngine
{
    private const int GuessColumns = 8;

    // Fewer rows do not make up for what the distances between centres cost, two operations a column and pair.
    private const int LeastRowsACenter = 32;

    // It is tried on few of the rows of a pass, for the neighbours of each guess must be found then.
    private const int TrialShare = 2048;
    private const int LeastTrialRows = 32;

    private readonly Action<int, int> _neighborUnit;
    private CenterNeighbors? _neighbors;

    // The rows of a pass; in a Lloyd iteration those that bounds did not hold in place in the pass before, which may be far fewer.
    private long _passRows;
    private long _unboundRows;

    private int TrialRows => (int)Math.Clamp(_passRows / TrialShare, LeastTrialRows, MaxUnitRows);

    private bool MayGuess => _alwaysHead is not null || _passRows >= LeastRowsACenter * (long)_clusters;

    /// <summary>Labels the rows that a guess tells, and lists the others.</summary>
    /// <returns>The number of rows left.</returns>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private int SiftByGuess(RowList list, int count, int* left, Scratch scratch)
    {
        CenterPanels panels = _panels!.Heads[HeadChoice.Guess];
        int atOnce = RowsAtOnce(panels.PanelCount, GroupOf(panels)), open = 0;
        for (int first = 0; first < count; first += atOnce)
        {
            int end = Math.Min(first + atOnce, count);
            Score(list, first, end, panels, scratch);
            int* guesses = scratch.State.Index;

            // All distances first: what is done with them goes one way or the other, which no machine foresees.
            float* squares = scratch.State.Squares;
            for (int i = first; i < end; i++)
            {
                squares[i - first] = Distance.Squared(list.Pointers[i], Center(guesses[i - first]), _dimension);
            }

            if (!_neighbors!.All)
            {
                FindNeighbors(new ReadOnlySpan<int>(guesses, end - first), squares, scratch);
            }

            for (int i = first; i < end; i++)
            {
                int row = list[i];
                if (!ClaimGuess(row, guesses[i - first], squares[i - first]))
                {
                    left[open++] = row;
                }
            }
        }

        return open;
    }

    /// <summary>Gives a row the centre guessed, or a neighbour of it, unless others may be nearer.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool ClaimGuess(int row, int guess, float squared)
    {
        _blockLabels[row] = guess;
        float* reaches = _neighbors!.Reaches(guess);
        if (squared < reaches[0])
        {
            Keep(row, squared, _blockBounds is null ? 0 : Beyond(squared, reaches[0]));
            return true;
        }

        return squared < reaches[CenterNeighbors.Most] && ClaimNeighbor(row, guess, squared);
    }

    /// <summary>Gives a row the nearest of a centre and its neighbours, beyond which all others lie.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private bool ClaimNeighbor(int row, int guess, float squared)
    {
        float* reaches = _neighbors!.Reaches(guess);
        int* neighbors = _neighbors.Of(guess);
        int rivals = 1;
        while (!(squared < reaches[rivals]))
        {
            rivals++;
        }

        float nearest = squared, second = float.PositiveInfinity;
        for (int i = 0; i < rivals; i++)
        {
            float other = Distance.Squared(RowPointers[row], Center(neighbors[i]), _dimension);
            if (other < nearest)
            {
                (nearest, second) = (other, nearest);
                _blockLabels[row] = neighbors[i];
            }
            else
            {
                second = MathF.Min(second, other);
            }
        }

        // Without roots, unless a bound is asked for.
        float more = _more * _more;
        if ((nearest + ErrorBound.LeastNormal) * (more * more) < second * ErrorBound.Less)
        {
            Keep(row, nearest, _blockBounds is null ? 0
                : MathF.Min(Beyond(squared, reaches[rivals]), MathF.Sqrt(second) / _more * ErrorBound.Less));
            return true;
        }

        Span<int> centers = stackalloc int[CenterNeighbors.Most + 1];
        centers = centers[..(rivals + 1)];
        centers[0] = guess;
        new ReadOnlySpan<int>(neighbors, rivals).CopyTo(centers[1..]);
        centers.Sort();
        SettleAmong(row, centers, Beyond(squared, reaches[rivals]));
        return true;
    }

    /// <summary>A distance that all centres have from a row but those nearer to its guess than twice a reach.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private float Beyond(float squared, float reach) =>
        ((2 * MathF.Sqrt(reach)) - (MathF.Sqrt(squared + ErrorBound.LeastNormal) * _more)) * ErrorBound.Less;

    private void FindAllNeighbors()
    {
        _neighbors!.Begin();
        _team.Run(NeighborUnits, 2.0 * _clusters * _clusters * _dimension, _neighborUnit);
        _neighbors.Complete();
    }

    private int NeighborUnits => (_clusters + _kernel.TileRows - 1) / _kernel.TileRows;

    private void NeighborUnit(int unit, int slot) => MeasureNeighbors(unit, ScratchOf(slot));

    private void MeasureNeighbors(int unit, Scratch scratch)
    {
        Span<int> centers = stackalloc int[CpuKernel.MaxTileRows];
        int first = unit * _kernel.TileRows;
        centers = centers[..Math.Min(_kernel.TileRows, _clusters - first)];
        for (int i = 0; i < centers.Length; i++)
        {
            centers[i] = first + i;
        }

        MeasureNeighbors(centers, scratch);
    }

    /// <summary>Finds the neighbours of some guesses, where rows are near enough to them that it may help.</summary>
    private void FindNeighbors(ReadOnlySpan<int> guesses, float* squares, Scratch scratch)
    {
        int near = 0;
        for (int i = 0; i < guesses.Length; i++)
        {
            float other = Distance.Squared(Center(guesses[i]), Center((guesses[i] + 1) % _clusters), _dimension);
            near += 4 * squares[i] < other ? 1 : 0;
        }

        if (near < guesses.Length / 8)
        {
            return;
        }

        _neighbors!.Begin();
        if (_clusters <= 2 * TrialRows)
        {
            for (int unit = 0; unit < NeighborUnits; unit++)
            {
                MeasureNeighbors(unit, scratch);
            }

            _neighbors.Complete();
            return;
        }

        Span<int> unknown = stackalloc int[CpuKernel.MaxTileRows];
        int count = 0;
        foreach (int guess in guesses)
        {
            if (_neighbors.Knows(guess) || unknown[..count].Contains(guess))
            {
                continue;
            }

            unknown[count++] = guess;
            if (count == _kernel.TileRows)
            {
                MeasureNeighbors(unknown[..count], scratch);
                count = 0;
            }
        }

        MeasureNeighbors(unknown[..count], scratch);
    }

    /// <summary>Measures the distances of a tile of centres to all.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void MeasureNeighbors(ReadOnlySpan<int> centers, Scratch scratch)
    {
        if (centers.IsEmpty)
        {
            return;
        }

        float** rows = stackalloc float*[CpuKernel.MaxTileRows];
        for (int i = 0; i < centers.Length; i++)
        {
            rows[i] = Center(centers[i]);
        }

        int tile = _kernel.TileRows;
        float* squares = stackalloc float[CpuKernel.MaxTileRows];
        PackTile(rows, centers.Length, _dimension, scratch.Tiles, squares);
        float* distances = scratch.Scores(_panels!.PaddedCount * tile);
        var nothing = new LinesAhead(scratch.Tiles, 0, 1);
        for (int panel = 0; panel < _panels.PanelCount; panel++)
        {
            float* place = distances + (_panels.FirstCenter(panel) * tile);
            _kernel.SquaredDistances(scratch.Tiles, _panels, panel, place, tile, past: false, ref nothing);
        }

        // Centres are rounded once more where the origin is taken from them.
        float slack = 3 * MathF.ScaleB(_bound.Longest, -24);
        _neighbors!.Set(centers, distances, tile, _more, slack);
    }
}
