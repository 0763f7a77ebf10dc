using GpuKMeans.Engines;

namespace GpuKMeans.Tests.Engines;

/// <summary>The device's side of k-means++.</summary>
public sealed class SeedingTests
{
    public static TheoryData<string> Names => TestEngines.Names;

    public static TheoryData<string, bool> NamesAndWeights =>
        new(from name in TestEngines.All from weighted in (bool[])[false, true] select (name, weighted));

    [Theory, MemberData(nameof(NamesAndWeights))]
    public void Potentials_are_those_of_the_rows_chosen_so_far(string name, bool weighted)
    {
        foreach ((int n, int d) in (ReadOnlySpan<(int, int)>)[(40, 1), (1500, 9), (1025, 33), (300, 100)])
        {
            TestSet set = TestData.Get("blobs", n, d, 12);
            float[]? weights = weighted ? set.Weights : null;
            using KMeansEngine engine = TestEngines.Create(name, set);
            using EngineData data = engine.Load(set.Source, weights, set.Frame);
            using Seeding seeding = engine.StartSeeding(data);
            Assert.Equal(double.PositiveInfinity, seeding.Potential);
            List<long> chosen = [];
            var random = new Random(n);
            for (int step = 0; step < 4; step++)
            {
                long[] candidates = [.. Enumerable.Range(0, (step * 2) + 1).Select(_ => random.NextInt64(n))];
                double[] potentials = new double[candidates.Length];
                seeding.Evaluate(candidates, potentials);
                for (int i = 0; i < candidates.Length; i++)
                {
                    double expected = Oracle.Potential(set.Rows, [.. chosen, candidates[i]], d, weights);
                    Near.Equal(expected, potentials[i], 2 * Near.DistanceError(d), $"step {step}, candidate {i}", 1e-30);
                }

                seeding.Accept(candidates.Length / 2);
                chosen.Add(candidates[candidates.Length / 2]);
                Near.Equal(potentials[candidates.Length / 2], seeding.Potential, 1e-9, "accepted", 1e-30);
            }
        }
    }

    [Theory, MemberData(nameof(Names))]
    public void As_many_candidates_as_allowed_can_be_tried_at_once(string name)
    {
        TestSet set = TestData.Get("gaussian", 257, 7, 13);
        using KMeansEngine engine = TestEngines.Create(name, set);
        using EngineData data = engine.Load(set.Source, default, set.Frame);
        using Seeding seeding = engine.StartSeeding(data);
        long[] candidates = [.. Enumerable.Range(0, Seeding.MaxCandidates).Select(i => i * 8L)];
        double[] potentials = new double[candidates.Length];
        seeding.Evaluate(candidates, potentials);
        Assert.All(
            candidates.Zip(potentials),
            pair => Near.Equal(Oracle.Potential(set.Rows, [pair.First], 7), pair.Second, 1e-5, $"row {pair.First}"));
    }

    [Theory, MemberData(nameof(Names))]
    public void Rows_prepared_again_among_others_keep_their_distances(string name)
    {
        const int Count = 2100, Dimension = 19;
        TestSet set = TestData.Get("blobs", Count, Dimension, 12);
        using KMeansEngine engine = TestEngines.Create(name, set);
        using EngineData data = engine.Load(set.Source, default, set.Frame);
        using Seeding seeding = engine.StartSeeding(data);
        var random = new Random(4);
        long[] before = [];
        for (int turn = 0; turn < 40; turn++)
        {
            // Some of those of before, in any order and more than once, between and after others; nearly as many as there is room for, or few.
            long[] others = [.. Enumerable.Range(0, random.Next(0, seeding.PoolSize - 22)).Select(_ => random.NextInt64(Count))];
            random.Shuffle(before);
            long[] rows = [.. before.Take(random.Next(0, 20)), .. others, .. before.Take(turn % 3), random.NextInt64(Count)];
            if (turn % 4 == 3)
            {
                random.Shuffle(rows);
            }

            seeding.Prepare(rows);
            random.Shuffle(rows);
            long[] candidates = [.. rows.Take(Seeding.MaxCandidates)];
            double[] potentials = new double[candidates.Length];
            seeding.Evaluate(candidates, potentials);
            for (int i = 0; i < candidates.Length; i++)
            {
                double expected = Oracle.Potential(set.Rows, [candidates[i]], Dimension);
                Near.Equal(expected, potentials[i], 2 * Near.DistanceError(Dimension), $"turn {turn}, candidate {i}");
            }

            before = rows;
        }
    }

    [Theory, MemberData(nameof(NamesAndWeights))]
    public void Potentials_are_right_where_few_rows_come_nearer(string name, bool weighted)
    {
        foreach ((string kind, int n, int d) in (ReadOnlySpan<(string, int, int)>)[("blobs", 1500, 64), ("gaussian", 700, 132), ("offset 1e7", 400, 36)])
        {
            TestSet set = TestData.Get(kind, n, d, 12);
            float[]? weights = weighted ? set.Weights : null;
            using KMeansEngine engine = TestEngines.Create(name, set);
            using EngineData data = engine.Load(set.Source, weights, set.Frame);
            using Seeding seeding = engine.StartSeeding(data);
            var random = new Random(n);
            List<long> chosen = [];
            double[] potentials = new double[Seeding.MaxCandidates];
            for (int pool = 0; pool < 3; pool++)
            {
                long[] rows = [.. Enumerable.Range(0, Math.Min(seeding.PoolSize, 64)).Select(_ => random.NextInt64(n))];
                seeding.Prepare(rows);
                for (int step = 0; step < 5; step++)
                {
                    random.Shuffle(rows);
                    long[] candidates = [.. rows.Take(4)];
                    seeding.Evaluate(candidates, potentials.AsSpan(0, 4));
                    int best = random.Next(4);
                    chosen.Add(candidates[best]);
                    Near.Equal(
                        Oracle.Potential(set.Rows, [.. chosen], d, weights), potentials[best], 2 * Near.DistanceError(d), $"{kind}, centre {chosen.Count}", 1e-30);
                    seeding.Accept(best);
                    double least = chosen.Min(c => Oracle.SquaredDistance(Oracle.Row(set.Rows, (int)rows[9], d), Oracle.Row(set.Rows, (int)c, d)));
                    Near.Equal(least, seeding.SquaredDistance(rows[9]), 2 * Near.DistanceError(d), $"{kind}, D² after {chosen.Count}", 1e-30);
                }
            }
        }
    }

    [Theory, MemberData(nameof(NamesAndWeights))]
    public void Steps_left_to_the_engine_choose_what_single_ones_do(string name, bool weighted)
    {
        foreach ((string kind, int n, int d, int clusters) in (ReadOnlySpan<(string, int, int, int)>)
            [("blobs", 3000, 64, 60), ("gaussian", 1100, 132, 20), ("offset 1e7", 400, 36, 9), ("duplicates", 2500, 37, 90), ("gaussian", 300, 3, 2)])
        {
            TestSet set = TestData.Get(kind, n, d, 12);
            using KMeansEngine engine = TestEngines.Create(name, set);
            using EngineData data = engine.Load(set.Source, weighted ? set.Weights : null, set.Frame);
            Assert.Equal(Choose(single: true), Choose(single: false));

            // The rows chosen, what is left of the potential, and the next random number.
            (string Rows, double Potential, ulong Random) Choose(bool single)
            {
                int trials = Seeding.TrialsFor(clusters);
                var random = new SplitMix64((ulong)n);
                using Seeding seeding = engine.StartSeeding(data);
                var draws = new SeedingDraws(seeding.TakesSteps || single ? seeding : new StepByStep(seeding), trials, clusters - 1);
                long[] rows = new long[clusters], candidates = new long[trials];
                double[] potentials = new double[trials];
                rows[0] = n / 3;
                seeding.Evaluate([rows[0]], potentials);
                seeding.Accept(0);
                int count = 1;
                while (count < clusters && seeding.Potential > 0)
                {
                    if (!single)
                    {
                        count += draws.Choose(rows.AsSpan(count), ref random);
                        continue;
                    }

                    draws.Draw(candidates, ref random);
                    seeding.Evaluate(candidates, potentials);
                    int best = Array.IndexOf(potentials, potentials.Min());
                    seeding.Accept(best);
                    rows[count++] = candidates[best];
                }

                return (string.Join(' ', rows), seeding.Potential, random.Next());
            }
        }
    }

    [Theory, MemberData(nameof(Names))]
    public void The_potential_is_0_exactly_once_every_distinct_row_is_chosen(string name)
    {
        foreach (string kind in (string[])["duplicates", "offset 1e7"])
        {
            TestSet set = kind == "duplicates" ? TestData.Get(kind, 2500, 37, 5) : TestData.Make(kind, 30, 37, 5, seed: 2);
            using KMeansEngine engine = TestEngines.Create(name, set);
            using EngineData data = engine.Load(set.Source, default, set.Frame);
            using Seeding seeding = engine.StartSeeding(data);
            for (long row = 0; row < Math.Min(set.Count, 100); row++)
            {
                seeding.Evaluate([row], new double[1]);
                seeding.Accept(0);
            }

            Assert.Equal(0.0, seeding.Potential);
        }
    }

    [Theory, MemberData(nameof(NamesAndWeights))]
    public void Find_returns_the_row_at_which_the_running_sum_passes_the_share(string name, bool weighted)
    {
        TestSet set = TestData.Get("gaussian", 3000, 5, 4);
        float[]? weights = weighted ? set.Weights : null;
        using KMeansEngine engine = TestEngines.Create(name, set);
        using EngineData data = engine.Load(set.Source, weights, set.Frame);
        using Seeding seeding = engine.StartSeeding(data);
        seeding.Evaluate([7], new double[1]);
        seeding.Accept(0);
        double[] sums = new double[3001];
        for (int i = 0; i < 3000; i++)
        {
            sums[i + 1] = sums[i] + (Oracle.Weight(weights, i)
                * Oracle.SquaredDistance(Oracle.Row(set.Rows, i, 5), Oracle.Row(set.Rows, 7, 5)));
        }

        for (int i = 0; i < 500; i++)
        {
            double share = i / 500.0, wanted = share * sums[3000], slack = 1e-6 * sums[3000];
            long row = seeding.Find(share);
            Assert.InRange(wanted, sums[row] - slack, sums[row + 1] + slack);
        }
    }

    [Theory, MemberData(nameof(Names))]
    public void Find_never_returns_a_row_of_no_weight_or_at_distance_0(string name)
    {
        // Most rows repeat the chosen one or weigh nothing; only every seventh can be found.
        const int Count = 2800;
        float[] rows = TestData.Values(Count, i => i % 7 < 3 ? 5 : i);
        float[] weights = TestData.Values(Count, i => i % 7 is 3 or 4 or 5 ? 0 : 0.25);
        RowFrame frame = new(new float[1], Normalize: false);
        using KMeansEngine engine = TestEngines.Create(name);
        engine.SetCenters([0], [0], frame);
        using EngineData data = engine.Load(VectorSource.FromMemory(rows, 1), weights, frame);
        using Seeding seeding = engine.StartSeeding(data);
        seeding.Evaluate([0], new double[1]);
        seeding.Accept(0);
        foreach (double share in Enumerable.Range(0, 400).Select(i => i / 400.0).Append(0).Append(Math.BitDecrement(1.0)))
        {
            Assert.Equal(6, seeding.Find(share) % 7);
        }
    }

    /// <summary>Takes steps as <see cref="Seeding.TakeSteps"/> says, by single ones.</summary>
    private sealed class StepByStep(Seeding inner) : ForwardingSeeding(inner)
    {
        private long[] _prepared = [];

        public override bool TakesSteps => true;

        public override void Prepare(ReadOnlySpan<long> rows)
        {
            _prepared = rows.ToArray();
            base.Prepare(rows);
        }

        public override (int Drawn, int Centers) TakeSteps(
            ReadOnlySpan<long> drawn, ReadOnlySpan<double> thresholds, Span<long> candidates, ref int kept, Span<long> centers)
        {
            Assert.Equal(drawn, _prepared.AsSpan(_prepared.Length - drawn.Length));
            Assert.Equal(candidates[..kept], _prepared.AsSpan(0, kept));
            int chosen = 0;
            double[] potentials = new double[candidates.Length];
            for (int i = 0; i < drawn.Length; i++)
            {
                if (thresholds[i] < SquaredDistance(drawn[i]))
                {
                    candidates[kept++] = drawn[i];
                }

                if (kept == candidates.Length)
                {
                    Evaluate(candidates, potentials);
                    int best = Array.IndexOf(potentials, potentials.Min());
                    Accept(best);
                    centers[chosen++] = candidates[best];
                    kept = 0;
                    if (chosen == centers.Length || !(Potential > 0))
                    {
                        return (i + 1, chosen);
                    }
                }
            }

            return (drawn.Length, chosen);
        }
    }
}
