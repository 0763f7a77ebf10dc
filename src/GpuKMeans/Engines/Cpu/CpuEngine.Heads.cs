using System.Numerics;
using System.Runtime.CompilerServices;

namespace GpuKMeans.Engines.Cpu;

/// <content>Rows measured by their first columns, and by the others only against the centres that this leaves.</content>
internal sealed unsafe partial class CpuEngine
{
    private const int MostRivals = 16;

    /// <summary>Labels the rows for which a head leaves one centre, or a few, and lists the others.</summary>
    /// <returns>The number of rows left.</returns>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private int SiftByHead(RowList list, int head, int* left, Scratch scratch)
    {
        CenterPanels panels = _panels!.Heads[head];
        int tile = _kernel.TileRows, count = 0;
        for (int first = 0; first < list.Count; first += tile)
        {
            int rows = Math.Min(tile, list.Count - first);
            ScoreByHead(list, first, rows, panels, scratch);
            _kernel.Decide(_headBounds[head], scratch.State, lower: true);
            uint open = 0;
            for (int i = 0; i < rows; i++)
            {
                open |= Claim(list[first + i], i, _headBounds[head], scratch) ? 0 : 1u << i;
            }

            new Span<float>(scratch.State.Threshold + rows, tile - rows).Fill(float.PositiveInfinity);
            open = open == 0 ? 0 : SettleAmongRivals(list, first, open, scratch);
            for (; open != 0; open &= open - 1)
            {
                left[count++] = list[first + BitOperations.TrailingZeroCount(open)];
            }
        }

        return count;
    }

    /// <summary>Scores a tile by a head, and keeps all scores.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void ScoreByHead(RowList list, int first, int rows, CenterPanels panels, Scratch scratch)
    {
        int tile = _kernel.TileRows;
        PackTile(list.Pointers + first, rows, panels.Dimension, scratch.Tiles, scratch.State.Squares);
        RowsAhead ahead = TileAfter(list, first, panels.PanelCount, panels.Dimension);
        scratch.State.Reset(tile);
        float* scores = scratch.Scores(panels.PaddedCount * tile);
        for (int part = 0; part < panels.PanelCount; part += CpuKernel.ChunkPanels)
        {
            int endPart = Math.Min(part + CpuKernel.ChunkPanels, panels.PanelCount);
            int center = panels.FirstCenter(part), end = panels.FirstCenter(endPart - 1) + panels.Width(endPart - 1);
            _kernel.Score(scratch.Tiles, panels, part, endPart, scores + (center * tile), ref ahead);
            _kernel.Fold(scores + (center * tile), center, Math.Min(end, panels.Count) - center, scratch.State);
        }
    }

    /// <summary>
    /// Gives a row the best centre of its head, if that is nearer in full than all others are by the head. Else sets the
    /// least score by the head that a centre no farther than that one has.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool Claim(int row, int lane, in ErrorBound bound, Scratch scratch)
    {
        TileState state = scratch.State;
        _blockLabels[row] = state.Index[lane];
        float squared = SquaredDistance(row);
        if (IsNearer(squared, state.Lower[lane]))
        {
            Keep(row, squared, state.Lower[lane]);
            state.Threshold[lane] = float.PositiveInfinity;
            return true;
        }

        state.Lower[lane] = MathF.Sqrt(squared + ErrorBound.LeastNormal) * _more;
        state.Threshold[lane] = bound.LeastScore(state.Squares[lane], state.Lower[lane]);
        return false;
    }

    private void Keep(int row, float squared, float bound)
    {
        if (_blockDistances is not null)
        {
            _blockDistances[row] = squared;
        }

        if (_blockBounds is not null)
        {
            _blockBounds[row] = bound;
        }
    }

    /// <summary>Settles rows of a tile that have few centres in question.</summary>
    /// <param name="list">The rows.</param>
    /// <param name="first">The first of the tile.</param>
    /// <param name="open">A mask of those without a label.</param>
    /// <param name="scratch">Their scores by the head, and the least that put a centre in question.</param>
    /// <returns>A mask of the rows that have too many.</returns>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private uint SettleAmongRivals(RowList list, int first, uint open, Scratch scratch)
    {
        int most = Math.Clamp(_clusters / 16, 2, MostRivals);
        int* rivals = stackalloc int[CpuKernel.MaxTileRows * MostRivals];
        int* counts = stackalloc int[CpuKernel.MaxTileRows];
        new Span<int>(counts, CpuKernel.MaxTileRows).Clear();
        uint* masks = scratch.Masks(_clusters);
        _kernel.Reaching(scratch.Scores(0), _clusters, scratch.State.Threshold, masks);
        uint few = open;
        for (uint mask = open; mask != 0; mask &= mask - 1)
        {
            // What is not finite is refused elsewhere.
            int lane = BitOperations.TrailingZeroCount(mask);
            few &= float.IsFinite(scratch.State.Lower[lane]) ? ~0u : ~(1u << lane);
        }

        for (int j = 0; j < _clusters && few != 0; j++)
        {
            for (uint mask = masks[j] & few; mask != 0; mask &= mask - 1)
            {
                int lane = BitOperations.TrailingZeroCount(mask);
                if (counts[lane] == most)
                {
                    few &= ~(1u << lane);
                    continue;
                }

                rivals[(lane * MostRivals) + counts[lane]++] = j;
            }
        }

        for (uint mask = few; mask != 0; mask &= mask - 1)
        {
            int lane = BitOperations.TrailingZeroCount(mask);
            var centers = new ReadOnlySpan<int>(rivals + (lane * MostRivals), counts[lane]);
            SettleAmong(list[first + lane], centers, scratch.State.Lower[lane]);
        }

        return open & ~few;
    }

    /// <summary>Gives a row the nearest of some centres.</summary>
    /// <param name="row">The row.</param>
    /// <param name="centers">The centres, ascending.</param>
    /// <param name="reach">A distance that one of them is within and all other centres are beyond.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void SettleAmong(int row, ReadOnlySpan<int> centers, float reach)
    {
        float* values = RowPointers[row];
        double nearest = double.PositiveInfinity, second = nearest;
        foreach (int j in centers)
        {
            double exact = Distance.SquaredExact(values, Center(j), _dimension);
            if (exact < nearest)
            {
                (nearest, second) = (exact, nearest);
                _blockLabels[row] = j;
            }
            else if (exact < second)
            {
                second = exact;
            }
        }

        float bound = MathF.Min(reach, (float)Math.Sqrt(second)) * ErrorBound.Less;
        Keep(row, _blockDistances is null ? 0 : SquaredDistance(row), bound);
    }
}
