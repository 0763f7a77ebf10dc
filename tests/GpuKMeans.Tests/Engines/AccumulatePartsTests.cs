using GpuKMeans.Engines;

namespace GpuKMeans.Tests.Engines;

/// <summary>Several data may be accumulated before the centres move.</summary>
public sealed class AccumulatePartsTests
{
    public static TheoryData<string> Names => TestEngines.Names;

    [Theory, MemberData(nameof(Names))]
    public void Parts_one_after_another_move_the_centres_as_all_rows_at_once(string name)
    {
        TestSet set = TestData.Get("blobs", 3000, 5, 7);
        using KMeansEngine whole = TestEngines.Create(name, set), parts = TestEngines.Create(name, set);
        for (int pass = 0; pass < 3; pass++)
        {
            using EngineData rows = whole.Load(set.Source, default, set.Frame);
            double inertia = whole.Accumulate(rows, CancellationToken.None).Inertia;
            double shift = whole.MoveCenters(rows, out _);

            double sum = 0;
            EngineData? last = null;
            foreach ((int start, int end) in new[] { (0, 1000), (1000, 1001), (1001, 3000) })
            {
                last?.Dispose();
                last = parts.Load(VectorSource.FromMemory(set.Rows.AsMemory((start * 5)..(end * 5)), 5), default, set.Frame);
                sum += parts.Accumulate(last, CancellationToken.None).Inertia;
            }

            Near.Equal(inertia, sum, 1e-12, "inertia");
            Near.Equal(shift, parts.MoveCenters(last!, out _), 1e-9, "shift", 1e-12);
            last!.Dispose();
            Near.SameBits(whole.Counts(7), parts.Counts(7));
            Near.Equal(whole.Centers(7, 5), parts.Centers(7, 5), 1e-7, "centre");
        }
    }

    [Theory, MemberData(nameof(Names))]
    public void Centres_that_are_set_begin_anew(string name)
    {
        TestSet set = TestData.Get("blobs", 3000, 5, 7);
        using KMeansEngine engine = TestEngines.Create(name, set);
        using EngineData rows = engine.Load(set.Source, default, set.Frame);
        engine.Accumulate(rows, CancellationToken.None);
        engine.SetCenters(set.Centers, new double[7], set.Frame);
        engine.Accumulate(rows, CancellationToken.None);
        engine.MoveCenters(rows, out _);
        Assert.Equal(3000, engine.Counts(7).Sum());
    }
}
