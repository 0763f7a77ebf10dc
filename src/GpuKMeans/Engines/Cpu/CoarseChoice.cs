namespace GpuKMeans.Engines.Cpu;

/// <summary>
/// Chooses whether rows are scored in 16 bits first (<see cref="CoarsePanels"/>). That takes less time, by how much depends on the
/// machine; then come the rows it leaves in doubt, and how many these are differs with the data. So it is tried on a unit
/// at first and again from time to time, and taken where it pays.
/// </summary>
/// <remarks>It decides on cost alone, never on a label.</remarks>
/// <param name="rate">Tells what a product costs in 16 bits, measured in products of float32; asked where it may matter.</param>
/// <param name="clusters">The centres.</param>
/// <param name="dimension">The columns.</param>
internal sealed class CoarseChoice(Func<double> rate, int clusters, int dimension)
{
    private const int LeastBlocksBetweenTrials = 4;
    private const int MostBlocksBetweenTrials = 64;

    // It must save this much to be worth its while.
    private const double LeastSaving = 0.06;

    // What goes with a score beside its products, in float32 and in 16 bits, and with a column of a row.
    private const double ProductsAScore = 3;
    private const double ProductsACoarseScore = 7.5;
    private const double ProductsARoundedColumn = 10;

    // No machine is expected to be faster.
    private const double LeastRate = 0.4;

    private double? _rate;
    private double _doubt = double.NaN;
    private int _blocks;
    private int _blocksBetween = LeastBlocksBetweenTrials;

    /// <summary>Whether it is always taken, or never; null to choose.</summary>
    public bool? Always { get; init; }

    /// <summary>Whether rows are scored in 16 bits, as far as is known.</summary>
    public bool IsTaken => Always ?? (!double.IsNaN(_doubt) && Cost < 1 - LeastSaving);

    /// <summary>What it costs to find the nearest centre of a row, as a share of what it costs in float32 alone.</summary>
    public double LeastCost => IsTaken && !double.IsNaN(_doubt) ? Math.Min(Cost, 1) : 1;

    /// <summary>Whether it can pay at all, if it leaves no row in doubt.</summary>
    private bool MayPay => Products(LeastRate) < 1 - LeastSaving && Products(_rate ??= rate()) < 1 - LeastSaving;

    private double Cost => Products(_rate ??= rate()) + _doubt;

    /// <summary>The rate that makes scores of so many columns take a share of the time they take in float32.</summary>
    public static double RateOf(double share, int columns) =>
        ((share * (columns + ProductsAScore)) - ProductsACoarseScore) / columns;

    /// <summary>Forgets what was learnt: the centres are others.</summary>
    public void Begin()
    {
        _doubt = double.NaN;
        _blocks = 0;
        _blocksBetween = LeastBlocksBetweenTrials;
    }

    /// <summary>Says how many units of a block are to be scored in 16 bits for the others to learn from.</summary>
    public int Trials()
    {
        if (IsTaken)
        {
            _blocksBetween = LeastBlocksBetweenTrials;
            return 0;
        }

        // What does not pay is tried less and less often.
        if (Always is not null || !MayPay || (!double.IsNaN(_doubt) && ++_blocks < _blocksBetween))
        {
            return 0;
        }

        _blocks = 0;
        _blocksBetween = double.IsNaN(_doubt) ? LeastBlocksBetweenTrials : Math.Min(2 * _blocksBetween, MostBlocksBetweenTrials);
        return 1;
    }

    /// <summary>Learns what has become of rows scored in 16 bits.</summary>
    /// <param name="rows">The rows.</param>
    /// <param name="products">What those in doubt have cost, in products.</param>
    public void Judge(int rows, double products)
    {
        double doubt = products / (rows * (double)clusters * (dimension + ProductsAScore)), weight = Math.Min(0.5, rows / 256.0);
        _doubt = double.IsNaN(_doubt) ? doubt : _doubt + (weight * (doubt - _doubt));
    }

    private double Products(double rate) =>
        ((clusters * ((rate * dimension) + ProductsACoarseScore)) + (ProductsARoundedColumn * dimension))
        / (clusters * (dimension + ProductsAScore));
}
