using System.Buffers;

namespace GpuKMeans.Tests.Vectors;

/// <summary>Arrays and memory as rows.</summary>
public sealed class VectorSourceTests
{
    public static TheoryData<string> Forms => ["memory", "array", "jagged", "slice"];

    [Theory, MemberData(nameof(Forms))]
    public void Rows_are_read_in_stretches_and_gathered(string form)
    {
        using VectorSource source = Make(form);
        Assert.Equal((4, 3), (source.Count, source.Dimension));
        float[] stretch = new float[6], scattered = new float[9];
        source.Read(1, stretch);
        source.Gather([3, 0, 3], scattered);
        Assert.Equal([3, 4, 5, 6, 7, 8], stretch);
        Assert.Equal([9, 10, 11, 0, 1, 2, 9, 10, 11], scattered);
    }

    [Theory, MemberData(nameof(Forms))]
    public unsafe void What_lies_in_one_piece_can_be_pinned_and_shows_the_first_row(string form)
    {
        using VectorSource source = Make(form);
        bool pinned = source.TryPin(out MemoryHandle handle);
        using (handle)
        {
            Assert.Equal(form != "jagged", pinned);
            Assert.True(!pinned || new ReadOnlySpan<float>(handle.Pointer, 12).SequenceEqual(Values()));
        }
    }

    [Theory, MemberData(nameof(Forms))]
    public void Rows_outside_are_refused_rather_than_read_from_other_memory(string form)
    {
        using VectorSource source = Make(form);
        Assert.ThrowsAny<SystemException>(() => source.Read(4, new float[3]));
        Assert.ThrowsAny<SystemException>(() => source.Read(3, new float[6]));
        Assert.ThrowsAny<SystemException>(() => source.Read(-1, new float[3]));
        Assert.ThrowsAny<SystemException>(() => source.Gather([0, 4], new float[6]));
    }

    [Fact]
    public void Arrays_are_viewed_not_copied()
    {
        float[,] array = new float[2, 2];
        VectorSource source = array;
        array[1, 0] = 7;
        float[] row = new float[2];
        source.Read(1, row);
        Assert.Equal([7, 0], row);
    }

    [Fact]
    public void Shapes_that_are_no_rows_are_refused()
    {
        Refused(() => VectorSource.FromMemory(new float[7], 3), "7 values are no whole number of rows of 3");
        Refused(() => VectorSource.FromArray(new float[3, 0]), "no columns");
        Refused(() => VectorSource.FromArray(Array.Empty<float[]>()), "no columns");
        Refused(() => VectorSource.FromArray([[], []]), "no columns");
        Refused(() => VectorSource.FromArray([[1, 2], [3]]), "Row 1 holds 1 values and row 0 holds 2");
        Refused(() => VectorSource.FromArray([[1, 2], [3, 4], null!]), "Row 2 is null");
        Assert.Throws<ArgumentOutOfRangeException>(() => VectorSource.FromMemory(new float[6], 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => VectorSource.FromMemory(new float[6], -2));
        Assert.Throws<ArgumentNullException>(() => VectorSource.FromArray((float[,])null!));
        Assert.Throws<ArgumentNullException>(() => VectorSource.FromArray((float[][])null!));
        Assert.Throws<ArgumentNullException>(() => new KMeans(1).Fit(null!));

        static void Refused(Func<object> make, string message) =>
            Assert.Contains(message, Assert.Throws<ArgumentException>(make).Message);
    }

    [Fact]
    public void A_source_of_ones_own_needs_no_more_than_read()
    {
        TestSet set = TestData.Get("gaussian", 1003, 100, 37);
        KMeansOptions options = TestEstimators.Options(5) with { MaxIterations = 3, BatchSize = 200 };
        TestEstimators.SameFit(
            new MiniBatchKMeans(options).Fit(set.Array), new MiniBatchKMeans(options).Fit(new Own(set.Rows, 100)));
    }

    private static float[] Values() => TestData.Values(12, i => i);

    private static VectorSource Make(string form) => form switch
    {
        "memory" => VectorSource.FromMemory(Values(), 3),
        "array" => TestSet.ToArray(Values(), 3),
        "jagged" => Values().Chunk(3).ToArray(),
        _ => VectorSource.FromMemory(new ReadOnlyMemory<float>([-1, -2, .. Values(), -3], 2, 12), 3),
    };

    private sealed class Own(float[] rows, int dimension) : VectorSource(rows.Length / dimension, dimension)
    {
        public override void Read(long start, Span<float> destination) =>
            rows.AsSpan((int)(start * Dimension), destination.Length).CopyTo(destination);
    }
}
