using System.Numerics;
using System.Runtime.CompilerServices;

namespace GpuKMeans.Engines.Cpu;

/// <content>
/// Rows scored in 16 bits, which takes less time than float32. The bound is wider, so some rows have more than one centre in
/// question: float32 scores of the panels that hold these, and float64 distances, settle them. The labels are the same as without.
/// </content>
internal sealed unsafe partial class CpuEngine
{
    private const int MostRivalPanels = 8;

    // Fewer rows do not make up for rounding the centres.
    private const int LeastCoarseRows = 32;

    // Fewer rows left uncertain are settled each by itself, without being scored again in tiles.
    private const int LeastRowsAgain = 8;

    // What a row in doubt costs: products in float32 for each in question, and what goes with a row settled by itself.
    private const double ProductsAgain = 1.2;
    private const double ProductsInAPanel = 3;
    private const double ProductsADoubt = 3000;

    private readonly Action<int, int> _coarsenUnit;

    private CoarseChoice? _coarseChoice;
    private CoarsePanels? _coarse;
    private bool _coarseIsFresh;
    private ErrorBound _coarseBound;
    private float _coarseMoved;

    // For each unit: whether it is scored in 16 bits, and what its rows in doubt have cost.
    private bool[] _unitCoarse = [];
    private double[] _unitDoubt = [];
    private int _firstUnit;

    /// <summary>The rows scored in 16 bits since the centres' number or dimension last changed.</summary>
    public long ScoredCoarse { get; private set; }

    /// <summary>Assigns rows, unit by unit.</summary>
    /// <returns>Whether any were scored in 16 bits.</returns>
    private bool AssignUnits(int rows, Action<int, int> assign)
    {
        if (rows == 0)
        {
            return false;
        }

        bool may = rows >= LeastCoarseRows || _alwaysCoarse is true;
        int units = UnitsOf(rows), trials = may ? Math.Min(_coarseChoice!.Trials(), units) : 0;

        // Centres that move are not rounded each time for so few.
        _coarseIsFresh &= may;
        AssignUnits(0, trials, rows, coarse: true, assign);
        bool coarse = may && _coarseChoice!.IsTaken;
        AssignUnits(trials, units, rows, coarse, assign);
        return coarse || trials > 0;
    }

    private void AssignUnits(int first, int end, int rows, bool coarse, Action<int, int> assign)
    {
        if (first == end)
        {
            return;
        }

        if (coarse && !_coarseIsFresh)
        {
            _coarse ??= new CoarsePanels(_kernel, _panels!);
            _team.Run(_panels!.PanelCount, 4.0 * _clusters * _dimension, _coarsenUnit);
            _coarseIsFresh = true;
            BoundCoarse();
        }

        _unitCoarse.AsSpan(first, end - first).Fill(coarse);
        _firstUnit = first;
        int count = Math.Min(end * _unitRows, rows) - (first * _unitRows);
        _team.Run(end - first, Products(count), assign);
        ScoredCoarse += coarse ? count : 0;
        for (int unit = first; unit < end && coarse; unit++)
        {
            _coarseChoice!.Judge(Math.Min(_unitRows, rows - (unit * _unitRows)), _unitDoubt[unit]);
        }
    }

    /// <summary>Scores the rows that 16 bits have left uncertain in float32.</summary>
    private void ScoreAgain()
    {
        int rows = _uncertainRows;
        if (rows < LeastRowsAgain)
        {
            return;
        }

        new ReadOnlySpan<int>(_uncertain!.Pointer, rows).CopyTo(new Span<int>(_listed!.Pointer, rows));
        LocateListed(rows);
        AssignUnits(0, UnitsOf(rows), rows, coarse: false, _assignListed);
        _uncertainRows = Compact(_uncertain.Pointer, _uncertainCounts, UnitsOf(rows));
    }

    private void CoarsenUnit(int panel, int slot) => _coarse!.Set(panel);

    /// <summary>Rounds a panel filled anew, if all others are rounded.</summary>
    private void KeepCoarse(int panel)
    {
        if (_coarseIsFresh && _coarseChoice!.IsTaken)
        {
            _coarse!.Set(panel);
        }
    }

    private void BoundCoarse()
    {
        _coarseBound = ErrorBound.Coarse(_dimension, _kernel.RoundingsPerTerm, _panels!.Longest());
        _coarseMoved = _coarse!.Moved();
    }

    /// <summary><see cref="Score"/> in 16 bits.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private int ScoreCoarse(RowList list, int first, int end, Scratch scratch)
    {
        CoarsePanels panels = _coarse!;
        int tile = _kernel.TileRows, tiles = (end - first + tile - 1) / tile, group = GroupOf(panels);
        int* rounded = scratch.Coarse(_mostUnitRows * panels.Pairs);
        float* units = scratch.Units(_mostUnitRows), bests = scratch.Scores(tiles * panels.PanelCount * tile);
        scratch.State.Reset(tiles * tile);
        for (int panel = 0; panel < panels.PanelCount; panel += group)
        {
            int endPanel = Math.Min(panel + group, panels.PanelCount);
            for (int t = 0; t < tiles; t++)
            {
                RowsAhead ahead = default;
                int* values = rounded + (t * tile * panels.Pairs);
                if (panel == 0)
                {
                    int row = first + (t * tile);
                    TileState state = State(scratch, t, coarse: true);
                    PackTile(list.Pointers + row, Math.Min(tile, end - row), _dimension, scratch.Tiles, state.Squares);
                    _kernel.CoarsenRows(scratch.Tiles, _dimension, _coarseMoved, values, state, units + (t * tile));
                    ahead = TileAfter(list, row, endPanel, _dimension);
                }

                _kernel.AssignCoarse(
                    values,
                    units + (t * tile),
                    panels,
                    panel,
                    endPanel,
                    State(scratch, t),
                    bests + (t * tile * panels.PanelCount),
                    ref ahead);
            }
        }

        return tiles;
    }

    /// <summary>Settles the rows of a tile for which few panels hold all centres in question.</summary>
    /// <param name="list">The rows.</param>
    /// <param name="first">The first of the tile.</param>
    /// <param name="tile">Which of those just scored the tile is.</param>
    /// <param name="open">A mask of the rows that are uncertain.</param>
    /// <param name="scratch">The best scores of the panels.</param>
    /// <param name="cost">What it costs is added, in products.</param>
    /// <returns>A mask of the rows that have too many.</returns>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private uint SettleAmongPanels(RowList list, int first, int tile, uint open, Scratch scratch, ref double cost)
    {
        int panels = _coarse!.PanelCount, most = Math.Clamp(panels / 4, 2, MostRivalPanels), room = _kernel.TileRows;
        Span<int> rivals = stackalloc int[MostRivalPanels];
        uint* masks = scratch.Masks(panels);
        TileState state = State(scratch, tile);
        _kernel.Reaching(scratch.Scores(0) + (tile * room * panels), panels, state.Threshold, masks);
        uint left = 0;
        for (; open != 0; open &= open - 1)
        {
            int lane = BitOperations.TrailingZeroCount(open), found = 0;
            // What is not finite is refused elsewhere.
            bool few = float.IsFinite(state.Threshold[lane]);
            for (int panel = 0; panel < panels && few; panel++)
            {
                if ((masks[panel] >> lane & 1) != 0)
                {
                    few = found < most;
                    if (few)
                    {
                        rivals[found++] = panel;
                    }
                }
            }

            cost += few
                ? ProductsADoubt + (found * ProductsInAPanel * _kernel.PanelWidth * _dimension)
                : ProductsAgain * _clusters * _dimension;
            if (few)
            {
                float squaredNorm = state.Squares[lane], reach = _coarseBound.LeastDistance(squaredNorm, state.Threshold[lane]);
                SettleInPanels(list[first + lane], rivals[..found], squaredNorm, reach, scratch.Tiles, scratch.RowScores(_panels!.ScoreRoom));
            }
            else
            {
                left |= 1u << lane;
            }
        }

        return left;
    }

    /// <summary>Gives a row the nearest centre of some panels.</summary>
    /// <param name="row">The row.</param>
    /// <param name="panels">The panels, ascending.</param>
    /// <param name="squaredNorm">‖x‖².</param>
    /// <param name="reach">A distance beyond which all centres of other panels lie.</param>
    /// <param name="shifted">Takes the row, shifted.</param>
    /// <param name="scores">Takes the scores of the panels' centres.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void SettleInPanels(int row, ReadOnlySpan<int> panels, float squaredNorm, float reach, float* shifted, float* scores)
    {
        CheckAndShift(row, shifted);
        float best = float.NegativeInfinity, second = best;
        int near = 0;
        foreach (int panel in panels)
        {
            _kernel.ScoreRow(shifted, _panels!, panel, panel + 1, scores);
            for (int j = _panels!.FirstCenter(panel), end = EndCenter(panel); j < end; j++)
            {
                near = scores[j] > best ? j : near;
                second = MathF.Max(second, MathF.Min(best, scores[j]));
                best = MathF.Max(best, scores[j]);
            }
        }

        float threshold = best - _bound.Margin(squaredNorm, best);
        if (second < threshold)
        {
            _blockLabels[row] = near;
            Keep(row, 0, MathF.Min(reach, _bound.LeastDistance(squaredNorm, second)));
            return;
        }

        Span<int> centers = stackalloc int[MostRivalPanels * CpuKernel.MaxTileRows];
        int count = 0;
        foreach (int panel in panels)
        {
            for (int j = _panels!.FirstCenter(panel), end = EndCenter(panel); j < end; j++)
            {
                if (scores[j] >= threshold)
                {
                    centers[count++] = j;
                }
            }
        }

        SettleAmong(row, centers[..count], MathF.Min(reach, _bound.LeastDistance(squaredNorm, threshold)));
    }

    private int EndCenter(int panel) => Math.Min(_panels!.FirstCenter(panel) + _panels.Width(panel), _clusters);
}
