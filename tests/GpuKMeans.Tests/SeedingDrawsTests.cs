using GpuKMeans.Engines;
using GpuKMeans.Engines.Cpu;

namespace GpuKMeans.Tests;

/// <summary>Candidates of k-means++ drawn ahead of the steps they are for.</summary>
public sealed class SeedingDrawsTests
{
    // D² of 1, 4, 9, … 64 from row 0; once row 8 is a centre too, of 1, 4, 9, 16, 9, 4, 1.
    private const int Count = 9, Trials = 3;

    [Theory, InlineData(48, true), InlineData(48, false), InlineData(3, false)]
    public void What_was_drawn_ahead_has_the_distribution_of_now(int poolSize, bool keeps)
    {
        const int Turns = 20_000;
        double[] expected = [0, 1, 4, 9, 16, 9, 4, 1, 0];
        int[] drawn = new int[Count];
        using var engine = new CpuEngine(threads: 1);
        using EngineData data = Load(engine);
        Span<long> candidates = stackalloc long[Trials];
        for (int turn = 0; turn < Turns; turn++)
        {
            var random = new SplitMix64((ulong)turn);
            using Seeding seeding = new Watched(engine.StartSeeding(data), poolSize, keeps);
            Choose(seeding, 0);
            var draws = new SeedingDraws(seeding, Trials, steps: 5);
            draws.Draw(candidates, ref random);
            Choose(seeding, 8);
            draws.Draw(candidates, ref random);
            foreach (long row in candidates)
            {
                drawn[row]++;
            }
        }

        for (int row = 0; row < Count; row++)
        {
            double share = expected[row] / expected.Sum(), deviation = Math.Sqrt(share * (1 - share) / (Turns * Trials));
            Assert.InRange(drawn[row] / (double)(Turns * Trials), share - (5 * deviation), share + (5 * deviation));
        }
    }

    [Fact]
    public void Where_a_pass_costs_the_same_it_measures_all_it_can()
    {
        using var engine = new CpuEngine();
        using EngineData data = Load(engine);
        using var seeding = new Watched(engine.StartSeeding(data), poolSize: 20, keeps: false) { Fills = true };
        Choose(seeding, 0);
        seeding.Prepared.Clear();
        var random = new SplitMix64(1);
        new SeedingDraws(seeding, Trials, steps: 100).Draw(new long[Trials], ref random);
        Assert.Equal(20, Assert.Single(seeding.Prepared).Length);
        seeding.Prepared.Clear();
        new SeedingDraws(seeding, Trials, steps: 1).Draw(new long[Trials], ref random);
        Assert.Equal(Trials, Assert.Single(seeding.Prepared).Length);
    }

    [Theory, InlineData(48, true), InlineData(48, false), InlineData(7, true), InlineData(7, false), InlineData(1, true), InlineData(1, false)]
    public void Candidates_are_prepared_and_no_more_of_them_than_there_is_room_for(int poolSize, bool keeps)
    {
        TestSet set = TestData.Get("blobs", 2000, 5, 12);
        using var engine = new CpuEngine();
        using EngineData data = engine.Load(set.Source, default, set.Frame);
        using var seeding = new Watched(engine.StartSeeding(data), poolSize, keeps);
        Choose(seeding, 0);
        seeding.Prepared.Clear();
        const int Steps = 60;
        var draws = new SeedingDraws(seeding, Trials, Steps);
        var random = new SplitMix64(1);
        long[] candidates = new long[Trials];
        double[] potentials = new double[Trials];
        for (int step = 0; step < Steps; step++)
        {
            int passes = seeding.Prepared.Count;
            draws.Draw(candidates, ref random);
            foreach (long[] rows in seeding.Prepared.Skip(passes))
            {
                // Those of this step that were drawn before among them; and not far more than are needed until the end.
                Assert.InRange(rows.Length, Trials, Math.Max(poolSize, Trials) + (keeps ? Trials - 1 : 0));
                Assert.InRange(rows.Length, Trials, Trials + (2 * Trials * (Steps - step)));
            }

            Assert.All(candidates, row => Assert.Contains(row, seeding.Prepared[^1]));
            seeding.Evaluate(candidates, potentials);
            seeding.Accept(step % Trials);
        }

        // Most of what is measured is of use.
        Assert.InRange(seeding.Prepared.Sum(rows => rows.Length), Steps * Trials, Steps * Trials * (poolSize > 1 ? 3 : 4) / 2);
    }

    private static EngineData Load(KMeansEngine engine) => engine.Load(
        VectorSource.FromMemory(TestData.Values(Count, i => i), 1), default, new RowFrame(new float[1], Normalize: false));

    private static void Choose(Seeding seeding, long row)
    {
        seeding.Evaluate([row], new double[1]);
        seeding.Accept(0);
    }

    /// <summary>Says what was prepared, and how much there is room for.</summary>
    private sealed class Watched(Seeding inner, int poolSize, bool keeps) : ForwardingSeeding(inner)
    {
        private readonly Seeding _inner = inner;

        public List<long[]> Prepared { get; } = [];

        public bool Fills { get; init; }

        public override bool FillsPool => Fills;

        public override int PoolSize => poolSize;

        public override bool KeepsPrepared => keeps;

        public override void Prepare(ReadOnlySpan<long> rows)
        {
            Prepared.Add(rows.ToArray());
            base.Prepare(rows);
        }

        protected override void Dispose(bool disposing)
        {
            _inner.Dispose();
            base.Dispose(disposing);
        }
    }
}
