namespace GpuKMeans.Engines.Cpu;

/// <summary>
/// Chooses by how many first columns rows are measured before they are measured by all. A head of h columns costs h / D of
/// the products and saves those of the rows it decides; how many these are differs with the data and, as centres move, with
/// time. So each head is tried on a few rows, at first and again from time to time, and the cheapest is taken: none, where
/// the rows cannot be told apart by so few columns. The first head is the shortest, which no more than guesses.
/// </summary>
/// <remarks>It depends on the rows and on what the machine does fast, never on threads; and it decides on cost alone, never on a label.</remarks>
internal sealed class HeadChoice(int[] columns, int clusters, int dimension)
{
    /// <summary>The head that guesses.</summary>
    public const int Guess = 0;

    // Fewer units than this are too little to lose time on.
    private const int LeastUnits = 8;
    private const int LeastBlocksBetweenTrials = 4;
    private const int MostBlocksBetweenTrials = 64;

    // A head must save this much to be worth its while.
    private const double LeastSaving = 0.06;

    // What deciding a row costs beside the products of the head, in products: the distance in full, and what goes with a row.
    private const double ProductsAColumn = 8;
    private const double ProductsARow = 3000;
    private const double GuessedProductsARow = 1500;

    // What a score that only guesses costs beside its products.
    private const double ProductsAGuess = 4;

    private readonly double[] _left = [.. columns.Select(_ => double.NaN)];
    private int _blocks;
    private int _blocksBetween = LeastBlocksBetweenTrials;
    private int _turn;
    private int _least;

    /// <summary>A head that is always taken, whether it pays or not; null to choose.</summary>
    public int? Always { get; init; }

    /// <summary>What it costs to measure a row by all columns, as a share of its products.</summary>
    public double Full { get; set; } = 1;

    /// <summary>The rows that heads have decided.</summary>
    public long Decided { get; private set; }

    /// <summary>The units at the front of the block last planned that try heads whose merit the others wait for.</summary>
    public int Trials { get; private set; }

    /// <summary>Forgets what was learnt: the centres are others.</summary>
    public void Begin()
    {
        _left.AsSpan().Fill(double.NaN);
        _blocks = 0;
        _blocksBetween = LeastBlocksBetweenTrials;
    }

    /// <summary>Chooses a head for each unit of a block, or −1.</summary>
    /// <param name="units">The units.</param>
    /// <param name="guess">Whether there are rows enough to guess.</param>
    /// <returns>Whether there is a head for any.</returns>
    public bool Plan(Span<int> units, bool guess)
    {
        Trials = 0;
        _least = guess ? Guess : Guess + 1;
        if (columns.Length == 0 || units.Length < LeastUnits || Always is not null)
        {
            units.Fill(Best());
            return units.Length > 0 && units[0] >= 0;
        }

        int best = Best();
        units.Fill(best);
        for (int head = _least; head < columns.Length && Trials < units.Length / 2; head++)
        {
            if (double.IsNaN(_left[head]))
            {
                units[Trials++] = head;
            }
        }

        // Heads that do not pay are tried less and less often.
        if (Trials == 0 && ++_blocks >= _blocksBetween)
        {
            _blocks = 0;
            _blocksBetween = best >= 0 ? LeastBlocksBetweenTrials : Math.Min(2 * _blocksBetween, MostBlocksBetweenTrials);
            _turn = _turn + 1 < columns.Length ? _turn + 1 : _least;
            units[^1] = _turn;
        }

        return best >= 0 || Trials > 0 || units[^1] >= 0;
    }

    /// <summary>Learns what a head has done for a unit.</summary>
    /// <param name="head">The head, or −1.</param>
    /// <param name="tried">The rows it was tried on.</param>
    /// <param name="left">The rows it has not decided.</param>
    public void Judge(int head, int tried, int left)
    {
        if (head >= 0 && tried > 0)
        {
            Decided += tried - left;
            double share = left / (double)tried, weight = Math.Min(0.5, tried / 256.0);
            _left[head] = double.IsNaN(_left[head]) ? share : _left[head] + (weight * (share - _left[head]));
        }
    }

    private int Best()
    {
        if (Always is { } always)
        {
            return Math.Min(always, columns.Length - 1);
        }

        int best = -1;
        double least = Full * (1 - LeastSaving);
        for (int head = _least; head < columns.Length; head++)
        {
            double products = head == Guess
                ? (clusters * (columns[head] + ProductsAGuess)) + (ProductsAColumn * dimension) + GuessedProductsARow
                : (clusters * (double)columns[head]) + (ProductsAColumn * dimension) + ProductsARow;
            double cost = (products / (clusters * (double)dimension)) + (_left[head] * Full);
            if (cost < least)
            {
                (best, least) = (head, cost);
            }
        }

        return best;
    }
}
