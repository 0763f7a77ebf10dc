namespace GpuKMeans.Tests.Estimators;

/// <summary>Precision goes where rows are placed, and on the CPU changes nothing.</summary>
public sealed class PrecisionTests
{
    public static TheoryData<string> Names => TestEstimators.Names;

    [Theory, MemberData(nameof(Names))]
    public void On_the_cpu_fits_are_the_same_bits(string name)
    {
        TestSet set = TestData.Get("gaussian", 1003, 100, 37);
        TestEstimators.SameFit(Fit(Precision.Auto), Fit(Precision.Float32));

        KMeansEstimator Fit(Precision precision) =>
            TestEstimators.Fit(name, TestEstimators.Options(8) with { Precision = precision }, set.Array);
    }

    [Theory, MemberData(nameof(Names))]
    public void A_model_has_that_of_its_training(string name)
    {
        float[,] rows = TestData.Get("gaussian", 300, 9, 5).Array;
        KMeansOptions options = TestEstimators.Options(5);
        Assert.Equal(Precision.Auto, TestEstimators.Fit(name, options, rows).Model.Precision);
        Assert.Equal(Precision.Float32, TestEstimators.Fit(name, options with { Precision = Precision.Float32 }, rows).Model.Precision);
    }

    [Fact]
    public void A_file_holds_none_and_loading_asks_for_one()
    {
        float[,] rows = TestData.Get("gaussian", 300, 9, 5).Array;
        var files = new List<byte[]>();
        foreach (Precision precision in Enum.GetValues<Precision>())
        {
            using var stream = new MemoryStream();
            new KMeans(TestEstimators.Options(5) with { Precision = precision }).Fit(rows).Model.Save(stream);
            files.Add(stream.ToArray());
            stream.Position = 0;
            Assert.Equal(Precision.Auto, KMeansModel.Load(stream).Precision);
            stream.Position = 0;
            Assert.Equal(Precision.Float32, KMeansModel.Load(stream, precision: Precision.Float32).Precision);
            stream.Position = 0;
            Assert.Throws<ArgumentOutOfRangeException>(() => KMeansModel.Load(stream, precision: (Precision)2));
        }

        Assert.Equal(files[0], files[1]);
    }
}
