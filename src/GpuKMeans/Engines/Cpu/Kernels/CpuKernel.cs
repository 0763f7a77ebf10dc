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

    /// <summary>Panels that pass over a chunk of columns before the next comes in.</summary>
    public const int ChunkPanels = 4;

    /// <summary>The greatest length, in whole numbers, of what is rounded to 16 bits: the sum of any products of two such fits 32 bits.</summary>
    public const float CoarseLength = 46000;

    /// <summary>The greatest of these whole numbers.</summary>
    public const float CoarseValue = 32767;

    /// <summary>Rounding may make a vector longer by half the root of its columns; of these and fewer, sums fit all the same.</summary>
    public const int MostCoarseColumns = 65536;

    /// <summary>Pairs of columns that are summed in one go (<see cref="ChunkColumns"/>).</summary>
    public const int CoarsePairs = ChunkColumns / 2;

    private readonly Lazy<double> _coarseRate;

    protected CpuKernel() => _coarseRate = new Lazy<double>(() => CoarseTiming.Measure(this), LazyThreadSafetyMode.PublicationOnly);

    public abstract string Name { get; }

    /// <summary>Rows in a tile.</summary>
    public abstract int TileRows { get; }

    /// <summary>Centres in a panel.</summary>
    public abstract int PanelWidth { get; }

    /// <summary>Centres in each of the narrower panels that hold the centres left over.</summary>
    public abstract int TailWidth { get; }

    /// <summary>Roundings a term of a score goes through: 1 where multiply and add are fused, else 2.</summary>
    public virtual int RoundingsPerTerm => 1;

    /// <summary>Transposes rows into a tile, <c>tile[d·TileRows + r] = rows[r][d] − origin[d]</c>, and sums each one's ‖x‖².</summary>
    public abstract void Pack(float** rows, int dimension, float* origin, float* tile, float* squares);

    /// <summary>Whether it has scores in 16 bits.</summary>
    public virtual bool HasCoarse => false;

    /// <summary>What a product in 16 bits costs on this machine, measured in products of float32 when it is first asked.</summary>
    public double CoarseRate => _coarseRate.Value;

    /// <summary>Carries the best score, its centre and the second best score of each row through panels.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Assign(
        float* tile, CenterPanels panels, int firstPanel, int endPanel, in TileState state, ref RowsAhead ahead)
    {
        if (panels.Dimension > ChunkColumns)
        {
            AssignInChunks(tile, panels, firstPanel, endPanel, state, ref ahead);
            return;
        }

        AssignPanels(tile, panels, firstPanel, endPanel, state, ref ahead);
    }

    /// <summary>
    /// Scores of consecutive panels: <c>scores[j·TileRows + r]</c>, the first panel's first centre being 0. A chunk of columns
    /// of the tile stays in the first-level cache while the panels, at most <see cref="ChunkPanels"/> where rows are long, pass
    /// over it.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Score(float* tile, CenterPanels panels, int firstPanel, int endPanel, float* scores, ref RowsAhead ahead)
    {
        float* zeros = stackalloc float[PanelWidth];
        new Span<float>(zeros, PanelWidth).Clear();
        int firstCenter = panels.FirstCenter(firstPanel);
        for (int column = 0; column < panels.Dimension; column += ChunkColumns)
        {
            int columns = Math.Min(ChunkColumns, panels.Dimension - column);
            for (int panel = firstPanel; panel < endPanel; panel++)
            {
                int width = panels.Width(panel);
                ahead.BringSome();
                ScoreChunk(
                    tile + ((long)column * TileRows),
                    column == 0 ? panels.Starts(panel) : zeros,
                    panels.Lines(panel) + ((long)column * width),
                    columns,
                    width,
                    column == 0,
                    scores + ((panels.FirstCenter(panel) - firstCenter) * TileRows));
            }
        }
    }

    /// <summary>Folds scores of consecutive centres into the state.</summary>
    public abstract void Fold(float* scores, int center, int count, in TileState state);

    /// <summary>For each centre, which rows' scores are not below a threshold of theirs, as a mask of lanes.</summary>
    public abstract void Reaching(float* scores, int count, float* thresholds, uint* masks);

    /// <summary>
    /// Says which rows' best centre is not certain, as a mask of lanes, and sets for each row the least score that a
    /// centre must have to be in question; where <paramref name="lower"/> asks for it, also a distance below which no centre
    /// but the best lies (<see cref="ErrorBound"/>).
    /// </summary>
    public abstract uint Decide(in ErrorBound bound, in TileState state, bool lower);

    /// <summary>The scores of one row with the centres of consecutive panels.</summary>
    /// <param name="row">The row, shifted.</param>
    /// <param name="panels">The centres.</param>
    /// <param name="firstPanel">The first of the panels.</param>
    /// <param name="endPanel">The panel after the last.</param>
    /// <param name="scores">Takes the scores, each in the place of its centre among all; has room for <see cref="CenterPanels.ScoreRoom"/>.</param>
    public abstract void ScoreRow(float* row, CenterPanels panels, int firstPanel, int endPanel, float* scores);

    /// <summary>
    /// Squared distances from direct differences to the centres of a panel: <c>distances[j·stride + r]</c>, for each centre of
    /// the panel and those that only fill it up. Summed in the order of the columns, multiply and add fused: the same bits in
    /// every kernel on machines that fuse.
    /// </summary>
    /// <param name="tile">The rows.</param>
    /// <param name="panels">The centres.</param>
    /// <param name="panel">Which of them.</param>
    /// <param name="distances">Takes the distances; at the beginning of a line of the cache where they go past it.</param>
    /// <param name="stride">From a centre's distances to the next one's; whole lines where they go past the cache.</param>
    /// <param name="past">
    /// Whether they go past the caches, for they are not read soon: then lines need not be read to be written. Others see them after
    /// <see cref="Lanes.StoreFence"/>. Kernels of narrow vectors write them as always.
    /// </param>
    /// <param name="ahead">What is brought in meanwhile, a turn for each column; but not by kernels of narrow vectors.</param>
    public void SquaredDistances(
        float* tile, CenterPanels panels, int panel, float* distances, int stride, bool past, ref LinesAhead ahead) =>
        DistancesToPanel(tile, panels.Lines(panel), panels.Dimension, panels.Width(panel), distances, stride, past, ref ahead);

    /// <summary>Rounds a tile to 16 bits, each row by a unit of its own.</summary>
    /// <param name="tile">The rows.</param>
    /// <param name="dimension">Their columns.</param>
    /// <param name="moved">How far rounding has moved a centre at most, as a share of its length.</param>
    /// <param name="coarse">Takes the whole numbers, two columns side by side: <c>coarse[d/2·TileRows + r]</c>.</param>
    /// <param name="state">What is kept of the rows: ‖x‖² is read, 2g is set.</param>
    /// <param name="units">Takes what a whole number of each row stands for.</param>
    public virtual void CoarsenRows(float* tile, int dimension, float moved, int* coarse, in TileState state, float* units) =>
        throw new NotSupportedException();

    /// <summary>Rounds a panel to 16 bits, two columns side by side.</summary>
    /// <param name="lines">The panel.</param>
    /// <param name="dimension">Its columns.</param>
    /// <param name="width">Its centres.</param>
    /// <param name="squares">‖c‖² of each.</param>
    /// <param name="coarse">Takes the whole numbers.</param>
    /// <param name="units">Takes what a whole number of each centre stands for.</param>
    /// <param name="moved">Takes how far each was moved, as a share of its length.</param>
    public virtual void CoarsenPanel(
        float* lines, int dimension, int width, float* squares, int* coarse, float* units, float* moved) =>
        throw new NotSupportedException();

    /// <summary><see cref="Assign"/> in 16 bits: all scores within <see cref="ErrorBound.Coarse"/>.</summary>
    /// <param name="tile">The rows, rounded.</param>
    /// <param name="units">What a whole number of each stands for.</param>
    /// <param name="panels">The centres.</param>
    /// <param name="firstPanel">The first panel.</param>
    /// <param name="endPanel">The panel after the last.</param>
    /// <param name="state">What is kept of the rows.</param>
    /// <param name="bests">Takes the best score of each panel: <c>bests[panel·TileRows + r]</c>.</param>
    /// <param name="ahead">What is brought in meanwhile.</param>
    public virtual void AssignCoarse(
        int* tile, float* units, CoarsePanels panels, int firstPanel, int endPanel, in TileState state, float* bests, ref RowsAhead ahead) =>
        throw new NotSupportedException();

    /// <summary><see cref="Assign"/> for rows of no more than <see cref="ChunkColumns"/> columns.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    protected virtual void AssignPanels(
        float* tile, CenterPanels panels, int firstPanel, int endPanel, in TileState state, ref RowsAhead ahead)
    {
        for (int panel = firstPanel; panel < endPanel; panel++)
        {
            ahead.BringSome();
            AssignPanel(
                tile, panels.Starts(panel), panels.Lines(panel), panels.Dimension, panels.Width(panel), panels.FirstCenter(panel), state);
        }
    }

    /// <summary>Scores of one panel, folded into the state as soon as they are known.</summary>
    /// <param name="tile">The rows.</param>
    /// <param name="start">What each centre's sum starts from.</param>
    /// <param name="lines">The panel.</param>
    /// <param name="dimension">The columns to sum, at most <see cref="ChunkColumns"/>.</param>
    /// <param name="width">Its centres: <see cref="PanelWidth"/> or <see cref="TailWidth"/>.</param>
    /// <param name="center">The first of them.</param>
    /// <param name="state">What is kept of the rows.</param>
    protected abstract void AssignPanel(
        float* tile, float* start, float* lines, int dimension, int width, int center, in TileState state);

    /// <summary>Scores of one panel over a chunk of columns: <c>scores[j·TileRows + r]</c>, set by the first chunk and added to by the others.</summary>
    protected abstract void ScoreChunk(
        float* tile, float* start, float* lines, int columns, int width, bool first, float* scores);

    /// <summary><see cref="SquaredDistances"/> for one panel.</summary>
    protected abstract void DistancesToPanel(
        float* tile, float* lines, int dimension, int width, float* distances, int stride, bool past, ref LinesAhead ahead);

    // Long rows: the scores so far wait in memory, all of it written before it is read.
    [SkipLocalsInit]
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void AssignInChunks(
        float* tile, CenterPanels panels, int firstPanel, int endPanel, in TileState state, ref RowsAhead ahead)
    {
        float* scores = stackalloc float[ChunkPanels * PanelWidth * TileRows];
        for (int group = firstPanel; group < endPanel; group += ChunkPanels)
        {
            int endGroup = Math.Min(group + ChunkPanels, endPanel), center = panels.FirstCenter(group);
            Score(tile, panels, group, endGroup, scores, ref ahead);
            Fold(scores, center, panels.FirstCenter(endGroup - 1) + panels.Width(endGroup - 1) - center, state);
        }
    }

    /// <summary><see cref="Pack"/> for rows of one to three values.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private protected static void PackNarrow(float** rows, int count, int dimension, float* origin, float* tile, float* squares)
    {
        int middle = Math.Min(1, dimension - 1), last = dimension - 1;
        float* second = tile + (middle * count), third = tile + (last * count);
        float firstOrigin = origin[0], middleOrigin = origin[middle], lastOrigin = origin[last];
        for (int r = 0; r < count; r++)
        {
            // One, two or three values: what is missing is written twice.
            float* row = rows[r];
            float x = row[0] - firstOrigin, y = row[middle] - middleOrigin, z = row[last] - lastOrigin;
            tile[r] = x;
            second[r] = y;
            third[r] = z;
            squares[r] = (x * x) + (dimension > 1 ? z * z : 0) + (dimension > 2 ? y * y : 0);
        }
    }
}

/// <summary>What is kept for each row of a tile: pointers to <see cref="CpuKernel.TileRows"/> values each.</summary>
internal readonly unsafe struct TileState(
    float* best, float* second, float* threshold, float* lower, float* squares, int* index, float* twoG = null)
{
    public readonly float* Best = best;
    public readonly float* Second = second;
    public readonly float* Threshold = threshold;
    public readonly float* Lower = lower;
    public readonly float* Squares = squares;
    public readonly int* Index = index;

    /// <summary>2g of each row where they differ in it (<see cref="ErrorBound"/>), or null.</summary>
    public readonly float* TwoG = twoG;

    public void Reset(int rows)
    {
        new Span<float>(Best, rows).Fill(float.NegativeInfinity);
        new Span<float>(Second, rows).Fill(float.NegativeInfinity);
        new Span<int>(Index, rows).Clear();
    }
}
