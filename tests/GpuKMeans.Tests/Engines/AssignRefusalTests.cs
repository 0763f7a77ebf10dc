using System.Globalization;
using GpuKMeans.Engines;

namespace GpuKMeans.Tests.Engines;

/// <summary>A row that is not finite is named, and never put in a cluster.</summary>
public sealed class AssignRefusalTests
{
    public static TheoryData<string, float, int> Cases
    {
        get
        {
            var cases = new TheoryData<string, float, int>();
            foreach (string name in TestEngines.All)
            {
                foreach (float value in (float[])[float.NaN, float.PositiveInfinity, float.NegativeInfinity])
                {
                    cases.Add(name, value, 1);
                    cases.Add(name, value, 29);
                }
            }

            return cases;
        }
    }

    [Theory, MemberData(nameof(Cases))]
    public void A_value_that_is_not_finite_is_named_by_row_and_column(string name, float value, int clusters)
    {
        foreach ((int row, int column) in (ReadOnlySpan<(int, int)>)[(0, 0), (77, 20), (299, 8)])
        {
            TestSet set = TestData.Make("gaussian", 300, 21, clusters, seed: 5);
            RowFrame frame = set.Frame;
            set.Rows[(row * 21) + column] = value;
            using KMeansEngine engine = TestEngines.Create(name);
            engine.SetCenters(set.Centers, new double[clusters], frame);
            using EngineData data = engine.Load(set.Source, default, frame);
            ArgumentException error = Assert.Throws<ArgumentException>(() => engine.Assign(data, 0, new int[300], []));
            Assert.Contains($"Row {row}, column {column} is {value.ToString(CultureInfo.InvariantCulture)}", error.Message);
        }
    }

    [Theory, MemberData(nameof(Names))]
    public void A_row_that_is_too_large_in_all_columns_is_named(string name)
    {
        // Among centres as many as a kernel looks at together, less one: none may be taken for what is beyond the last.
        foreach ((int dimension, int clusters) in (ReadOnlySpan<(int, int)>)[(1, 15), (2, 31), (3, 15), (15, 15), (40, 15), (100, 127)])
        {
            foreach (float value in (float[])[3e38f, -float.MaxValue, 1e25f])
            {
                TestSet set = TestData.Make("gaussian", 30, dimension, clusters, seed: 6);
                RowFrame frame = set.Frame;
                set.Rows.AsSpan(17 * dimension, dimension).Fill(value);
                using KMeansEngine engine = TestEngines.Create(name);
                engine.SetCenters(set.Centers, new double[clusters], frame);
                using EngineData data = engine.Load(set.Source, default, frame);
                ArgumentException error = Assert.Throws<ArgumentException>(() => engine.Assign(data, 0, new int[30], []));
                Assert.Contains("Row 17 has values so large", error.Message);
            }
        }
    }

    [Theory, MemberData(nameof(Names))]
    public void The_row_is_named_by_its_number_in_the_data_not_in_the_stretch(string name)
    {
        TestSet set = TestData.Make("gaussian", 300, 5, 7, seed: 5);
        RowFrame frame = set.Frame;
        set.Rows[(205 * 5) + 3] = float.NaN;
        using KMeansEngine engine = TestEngines.Create(name);
        engine.SetCenters(set.Centers, new double[7], frame);
        using EngineData data = engine.Load(set.Source, default, frame);
        ArgumentException error = Assert.Throws<ArgumentException>(() => engine.Assign(data, 200, new int[50], []));
        Assert.Contains("Row 205, column 3", error.Message);
    }

    [Theory, MemberData(nameof(Names))]
    public void An_engine_goes_on_after_a_row_it_refused(string name)
    {
        TestSet set = TestData.Get("gaussian", 257, 7, 13);
        float[] bad = [.. set.Rows];
        bad[100] = float.NaN;
        using KMeansEngine engine = TestEngines.Create(name, set);
        using EngineData refused = engine.Load(VectorSource.FromMemory(bad, 7), default, set.Frame);
        Assert.Throws<ArgumentException>(() => engine.Assign(refused, 0, new int[257], []));

        using EngineData data = engine.Load(set.Source, default, set.Frame);
        int[] labels = new int[257];
        engine.Assign(data, 0, labels, []);
        Near.SameLabels(set.Labels, labels, "after the refusal");
    }

    [Theory, MemberData(nameof(Names))]
    public void Rows_within_the_allowed_range_are_not_refused_for_being_far_from_the_middle(string name)
    {
        // ‖x‖² is 2.0e37 and the limit 2.1e37; ‖x − origin‖² is three times that.
        float[] rows = [.. Enumerable.Repeat(4.5e18f, 9), -4.5e18f];
        float[] centers = [4.5e18f, -4.5e18f, -4.5e18f];
        RowFrame frame = new(Oracle.Mean(rows, 1), Normalize: false);
        using KMeansEngine engine = TestEngines.Create(name);
        engine.SetCenters(centers, new double[3], frame);
        using EngineData data = engine.Load(VectorSource.FromMemory(rows, 1), default, frame);
        int[] labels = new int[10];
        engine.Assign(data, 0, labels, []);
        Assert.Equal([0, 0, 0, 0, 0, 0, 0, 0, 0, 1], labels);
    }

    public static TheoryData<string> Names => TestEngines.Names;
}
