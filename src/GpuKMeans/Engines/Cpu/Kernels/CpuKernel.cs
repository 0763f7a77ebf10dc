using System.Runtime.CompilerServices;

namespace GpuKMeans.Engines.Cpu;

/// <summary>
/// The inner loops of the CPU engine for one vector width. Rows come in tiles, transposed so that a lane is a row;
/// centres come in panels (<see cref="CenterPanels"/>). A score is x·c − ½‖c‖², greatest for the nearest centre.
/// </summary>
internal abstract unsafe class CpuKernel
{
    /// <summary>The most rows a tile has in any kernel.</summary>
    public const int MaxTileRows = 32;

    /// <summary>
    /// Columns that are summed in one go: longer rows are summed chunk by chunk, so that a chunk of a tile stays in the
    /// first-level cache, and fewer roundings stand behind a score.
    /// </summary>
    public const int ChunkColumns = 256;

    public abstract string Name { get; }

    /// <summary>Rows in a tile.</summary>
    public abstract int TileRows { get; }

    /// <summary>Centres in a panel.</summary>
    public abstract int PanelWidth { get; }

    /// <summary>Centres in each of the narrower panels that hold the centres left over.</summary>
    public abstract int TailWidth { get; }

    /// <summary>Roundings a term of a score goes through: 1 where multiply and add are fused, else 2.</summary>
    public virtual int RoundingsPerTerm => 1;

    /// <summary>Transposes rows into a tile: <c>tile[d·TileRows + r] = rows[r][d] − origin[d]</c>.</summary>
    public abstract void Pack(float** rows, int dimension, float* origin, float* tile);

    /// <summary>Carries the best score, its centre and the second best score of each row through panels.</summary>
    public abstract void Assign(float* tile, CenterPanels panels, int firstPanel, int endPanel, TileState state);

    /// <summary>
    /// Says which rows' best centre is not certain, as a mask of lanes, and sets for each row the least score that a
    /// centre must have to be in question, and a distance below which no centre but the best lies (<see cref="ErrorBound"/>).
    /// </summary>
    public abstract uint Decide(float* tile, int dimension, in ErrorBound bound, TileState state);

    /// <summary>The scores of one row with all centres.</summary>
    /// <param name="row">The row, shifted.</param>
    /// <param name="panels">The centres.</param>
    /// <param name="scores">Takes the scores, in the order of the centres; has room for <see cref="CenterPanels.ScoreRoom"/>.</param>
    public abstract void ScoreRow(float* row, CenterPanels panels, float* scores);

    /// <summary>
    /// Squared distances from direct differences: <c>distances[j·stride + r]</c>, for each centre of the panels and those
    /// that only fill them up. Summed in the order of the columns, multiply and add fused: the same bits in every kernel
    /// on machines that fuse.
    /// </summary>
    public abstract void SquaredDistances(float* tile, CenterPanels panels, float* distances, int stride);

    /// <summary><see cref="Pack"/> for rows of one to three values.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private protected static void PackNarrow(float** rows, int count, int dimension, float* origin, float* tile)
    {
        int middle = Math.Min(1, dimension - 1), last = dimension - 1;
        float* second = tile + (middle * count), third = tile + (last * count);
        float firstOrigin = origin[0], middleOrigin = origin[middle], lastOrigin = origin[last];
        for (int r = 0; r < count; r++)
        {
            // One, two or three values: what is missing is written twice.
            float* row = rows[r];
            tile[r] = row[0] - firstOrigin;
            second[r] = row[middle] - middleOrigin;
            third[r] = row[last] - lastOrigin;
        }
    }
}

/// <summary>What is kept for each row of a tile: pointers to <see cref="CpuKernel.TileRows"/> values each.</summary>
internal readonly unsafe struct TileState(float* best, float* second, float* threshold, float* lower, int* index)
{
    public readonly float* Best = best;
    public readonly float* Second = second;
    public readonly float* Threshold = threshold;
    public readonly float* Lower = lower;
    public readonly int* Index = index;

    public void Reset(int rows)
    {
        new Span<float>(Best, rows).Fill(float.NegativeInfinity);
        new Span<float>(Second, rows).Fill(float.NegativeInfinity);
        new Span<int>(Index, rows).Clear();
    }
}
