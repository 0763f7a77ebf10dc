namespace GpuKMeans.Tests.Estimators;

/// <summary>Every option out of its range is refused with its name, its value and the range.</summary>
public sealed class OptionsTests
{
    public static TheoryData<string, string, string, KMeansOptions> OutOfRange
    {
        get
        {
            var options = new KMeansOptions();
            return new()
            {
                { "ClusterCount", "0", "at least 1", options with { ClusterCount = 0 } },
                { "ClusterCount", "-3", "at least 1", options with { ClusterCount = -3 } },
                { "BatchSize", "0", "at least 1", options with { BatchSize = 0 } },
                { "MaxIterations", "0", "at least 1", options with { MaxIterations = 0 } },
                { "Tolerance", "-0.5", "at least 0", options with { Tolerance = -0.5 } },
                { "SampleIterations", "-1", "at least 0", options with { SampleIterations = -1 } },
                { "FinalIterations", "-2", "at least 0", options with { FinalIterations = -2 } },
                { "Tolerance", "NaN", "finite", options with { Tolerance = double.NaN } },
                { "Tolerance", "∞", "finite", options with { Tolerance = double.PositiveInfinity } },
                { "MaxNoImprovement", "0", "at least 1, or null", options with { MaxNoImprovement = 0 } },
                { "ReassignmentRatio", "-0.1", "from 0 to 1", options with { ReassignmentRatio = -0.1 } },
                { "ReassignmentRatio", "1.5", "from 0 to 1", options with { ReassignmentRatio = 1.5 } },
                { "ReassignmentRatio", "NaN", "from 0 to 1", options with { ReassignmentRatio = double.NaN } },
                { "Initialization", "", "PlusPlus, Parallel, RandomRows or FromCenters", options with { Initialization = null! } },
                { "InitializationSampleSize", "7", "at least ClusterCount (8)", options with { InitializationSampleSize = 7 } },
                { "InitializationCount", "0", "at least 1", options with { InitializationCount = 0 } },
                { "Metric", "5", "Euclidean or Cosine", options with { Metric = (Metric)5 } },
                { "Precision", "2", "Auto or Float32", options with { Precision = (Precision)2 } },
                { "MaxDegreeOfParallelism", "0", "at least 1, or −1", options with { MaxDegreeOfParallelism = 0 } },
                { "MaxDegreeOfParallelism", "-2", "at least 1, or −1", options with { MaxDegreeOfParallelism = -2 } },
            };
        }
    }

    [Theory, MemberData(nameof(OutOfRange))]
    public void An_option_out_of_its_range_is_named_with_its_value_and_the_range(
        string option, string value, string allowed, KMeansOptions options)
    {
        foreach (Action make in (Action[])[() => _ = new MiniBatchKMeans(options), () => _ = new KMeans(options)])
        {
            ArgumentOutOfRangeException error = Assert.Throws<ArgumentOutOfRangeException>(make);
            Assert.Equal(option, error.ParamName);
            Assert.Contains($"{option} is {value}; it must be ", error.Message.Replace("Infinity", "∞"));
            Assert.Contains(allowed, error.Message);
        }
    }

    [Fact]
    public void The_ends_of_the_ranges_are_allowed()
    {
        var options = new KMeansOptions
        {
            ClusterCount = 1, BatchSize = 1, MaxIterations = 1, Tolerance = 0, MaxNoImprovement = null, ReassignmentRatio = 1,
            InitializationSampleSize = 1, InitializationCount = 1, MaxDegreeOfParallelism = 1, Seed = int.MinValue,
        };
        Assert.Equal(options, new MiniBatchKMeans(options).Options);
        Assert.Equal(options, new KMeans(options).Options);
    }

    [Fact]
    public void The_short_constructors_take_the_defaults()
    {
        Assert.Equal(new KMeansOptions { ClusterCount = 3 }, new KMeans(3).Options);
        Assert.Equal(new KMeansOptions { ClusterCount = 3 }, new MiniBatchKMeans(3).Options);
    }

    [Fact]
    public void Given_centres_must_fit_the_options_and_be_finite()
    {
        Refused(new float[2, 3], 3, "2×3 and ClusterCount is 3");
        Refused(new float[3, 0], 3, "3×0");
        Refused(new float[,] { { 1, 2 }, { 3, float.NaN } }, 2, "Given centre 1, column 1 is NaN");
        Refused(new float[,] { { 1, 2 }, { float.NegativeInfinity, 3 } }, 2, "Given centre 1, column 0 is -Infinity");
        Refused(new float[,] { { 1, 2 }, { 1, 1e30f } }, 2, "Given centre 1 has values so large");
        Refused(new float[,] { { 1, 2 }, { 0, 0 } }, 2, "Given centre 1 is all zeros", Metric.Cosine);

        static void Refused(float[,] centers, int clusters, string message, Metric metric = Metric.Euclidean)
        {
            KMeansOptions options = TestEstimators.Options(clusters) with
            {
                Initialization = KMeansInitialization.FromCenters(centers), Metric = metric,
            };
            ArgumentException error = Assert.Throws<ArgumentException>(() => new KMeans(options));
            Assert.Equal("Initialization", error.ParamName);
            Assert.Contains(message, error.Message);
        }
    }
}
