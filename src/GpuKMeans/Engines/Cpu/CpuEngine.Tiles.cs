using System.Runtime.CompilerServices;

namespace GpuKMeans.Engines.Cpu;

/// <content>Rows in tiles: packed, scored against panels, brought in ahead.</content>
internal sealed unsafe partial class CpuEngine
{
    /// <summary>Panels that stay in the second-level cache while all tiles of a unit pass over them.</summary>
    private static int GroupOf(long bytesAPanel) => (int)Math.Max(1, s_groupBytes / bytesAPanel);

    private int GroupOf(CenterPanels panels) => GroupOf((long)panels.Dimension * _kernel.PanelWidth * sizeof(float));

    private int GroupOf(CoarsePanels panels) => GroupOf((long)panels.Pairs * _kernel.PanelWidth * sizeof(int));

    /// <summary>
    /// Rows to score before the next are: where all panels are passed over at once, a tile is done with before the next is
    /// packed in its place.
    /// </summary>
    private int RowsAtOnce(int panels, int group) => panels <= group ? _kernel.TileRows : _unitRows;

    /// <summary>Scores the rows from one place in a list to another, into the scratch's state.</summary>
    /// <returns>The number of tiles they fill.</returns>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private int Score(RowList list, int first, int end, CenterPanels panels, Scratch scratch)
    {
        int tile = _kernel.TileRows, tiles = (end - first + tile - 1) / tile, group = GroupOf(panels);
        scratch.State.Reset(tiles * tile);
        for (int panel = 0; panel < panels.PanelCount; panel += group)
        {
            int endPanel = Math.Min(panel + group, panels.PanelCount);
            for (int t = 0; t < tiles; t++)
            {
                RowsAhead ahead = default;
                if (panel == 0)
                {
                    int row = first + (t * tile);
                    PackTile(
                        list.Pointers + row, Math.Min(tile, end - row), panels.Dimension, Tile(scratch, t), State(scratch, t).Squares);
                    ahead = TileAfter(list, row, endPanel, panels.Dimension);
                }

                _kernel.Assign(Tile(scratch, t), panels, panel, endPanel, State(scratch, t), ref ahead);
            }
        }

        return tiles;
    }

    /// <summary>The rows of the tile after one, which come in while that is scored.</summary>
    private RowsAhead TileAfter(RowList list, int first, int panels, int columns)
    {
        int tile = _kernel.TileRows, next = first + tile;
        bool come = _dimension >= Lanes.CacheLine || !_blockOrder.IsSequential;
        int turns = panels * ((columns + CpuKernel.ChunkColumns - 1) / CpuKernel.ChunkColumns);
        return come ? new RowsAhead(list.Pointers + next, Math.Clamp(list.Count - next, 0, tile), _dimension, turns) : default;
    }

    // Lanes beyond the last row repeat it.
    private void PackTile(float** rows, int count, int columns, float* tile, float* squares)
    {
        if (count == _kernel.TileRows)
        {
            _kernel.Pack(rows, columns, _origin!.Pointer, tile, squares);
            return;
        }

        float** full = stackalloc float*[CpuKernel.MaxTileRows];
        for (int r = 0; r < _kernel.TileRows; r++)
        {
            full[r] = rows[Math.Min(r, count - 1)];
        }

        _kernel.Pack(full, columns, _origin!.Pointer, tile, squares);
    }

    private float* Tile(Scratch scratch, int tile) => scratch.Tiles + (tile * (long)_kernel.TileRows * _dimension);

    private TileState State(Scratch scratch, int tile, bool coarse = false)
    {
        int row = tile * _kernel.TileRows;
        TileState all = scratch.State;
        return new TileState(
            all.Best + row,
            all.Second + row,
            all.Threshold + row,
            all.Lower + row,
            all.Squares + row,
            all.Index + row,
            coarse ? scratch.TwoG + row : null);
    }

    /// <summary>Rows of the block: where they lie, and their places, which follow each other where none are listed.</summary>
    private readonly struct RowList(float** pointers, int* places, int first, int count)
    {
        public float** Pointers => pointers;

        public int Count => count;

        public int this[int i] => places is null ? first + i : places[i];

        /// <summary>Puts values of consecutive rows of the list in their places.</summary>
        public void Scatter<T>(int start, ReadOnlySpan<T> values, T* block)
            where T : unmanaged
        {
            if (places is null)
            {
                values.CopyTo(new Span<T>(block + first + start, values.Length));
                return;
            }

            for (int i = 0; i < values.Length; i++)
            {
                block[places[start + i]] = values[i];
            }
        }
    }
}
