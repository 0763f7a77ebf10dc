using System.Runtime.InteropServices;
using GpuKMeans.Engines;

namespace GpuKMeans.Tests.Vectors;

/// <summary>.npy files that can be read.</summary>
public sealed class NpyFileTests
{
    [Theory]
    [InlineData(1, "<f4"), InlineData(2, "<f4"), InlineData(3, "<f4"), InlineData(1, "<f8"), InlineData(2, "<f8"), InlineData(3, "<f8")]
    public void Every_version_and_both_types_are_read(int version, string type)
    {
        TestSet set = TestData.Get("gaussian", 257, 7, 13);
        using var folder = new TemporaryFolder();
        using VectorSource file = VectorFile.Open(folder.Write("x.npy", Npy.File(set.Rows, 257, 7, type, version)));
        Assert.Equal((257, 7), (file.Count, file.Dimension));
        float[] all = new float[257 * 7], some = new float[3 * 7];
        file.Read(0, all);
        file.Gather([200, 0, 256], some);
        Near.SameBits(set.Rows, all);
        Near.SameBits([.. set.Rows[1400..1407], .. set.Rows[..7], .. set.Rows[1792..]], some);
    }

    [Theory]
    [InlineData("{\"shape\": (2, 3), \"fortran_order\": False, \"descr\": \"<f4\"}")]
    [InlineData("{'descr':'<f4','fortran_order':False,'shape':(2,3)}")]
    [InlineData("{ 'fortran_order' : False , 'descr' : '<f4' , 'shape' : ( 2 , 3 , ) , }")]
    public void Keys_come_in_any_order_and_quotes(string header)
    {
        using var folder = new TemporaryFolder();
        float[] values = [1, 2, 3, 4, 5, 6];
        using VectorSource file = VectorFile.Open(folder.Write("x.npy", [.. Npy.Raw(header), .. MemoryMarshal.AsBytes<float>(values)]));
        float[] read = new float[6];
        file.Read(0, read);
        Assert.Equal(values, read);
    }

    [Fact]
    public void Doubles_are_rounded_and_those_beyond_float32_are_refused_by_fitting()
    {
        double[] values = [0.1, 1 + 1e-12, -1e-60, 1e39, double.NaN, 16777217];
        using var folder = new TemporaryFolder();
        using VectorSource file = VectorFile.Open(
            folder.Write("x.npy", [.. Npy.Header("<f8", "(3, 2)"), .. MemoryMarshal.AsBytes<double>(values)]));
        float[] read = new float[6];
        file.Read(0, read);
        Near.SameBits([0.1f, 1, -0f, float.PositiveInfinity, float.NaN, 16777216], read);
        ArgumentException error = Assert.Throws<ArgumentException>(() => new KMeans(TestEstimators.Options(1)).Fit(file));
        Assert.Contains("Row 1, column 1 is Infinity", error.Message);
    }

    [Fact]
    public void Values_that_lie_unaligned_in_the_file_are_read_and_clustered()
    {
        // A header one byte longer than NumPy's: float32 values at odd addresses.
        byte[] header = [.. Npy.Header("<f4", "(100, 3)"), (byte)'\n'];
        header[8]++;
        TestSet set = TestData.Get("gaussian", 100, 3, 8);
        using var folder = new TemporaryFolder();
        using VectorSource file = VectorFile.Open(folder.Write("x.npy", [.. header, .. MemoryMarshal.AsBytes<float>(set.Rows)]));
        KMeansOptions options = TestEstimators.Options(8);
        TestEstimators.SameFit(new KMeans(options).Fit(set.Array), new KMeans(options).Fit(file));
    }

    [Fact]
    public void A_file_of_no_rows_is_a_source_of_no_rows()
    {
        using var folder = new TemporaryFolder();
        using VectorSource file = VectorFile.Open(folder.Write("x.npy", Npy.Header("<f4", "(0, 5)")));
        Assert.Equal((0, 5), (file.Count, file.Dimension));
        Assert.Contains("0 rows", Assert.Throws<ArgumentException>(() => new KMeans(1).Fit(file)).Message);
    }

    [Fact]
    public void Bytes_after_the_values_are_left_alone()
    {
        using var folder = new TemporaryFolder();
        using VectorSource file = VectorFile.Open(folder.Write("x.npy", [.. Npy.File([1, 2], 2, 1), 1, 2, 3]));
        Assert.Equal(2, file.Count);
    }

    [Fact]
    public void A_disposed_file_is_closed_and_says_so()
    {
        using var folder = new TemporaryFolder();
        string path = folder.Write("x.npy", Npy.File([1, 2], 2, 1));
        VectorSource file = VectorFile.Open(path);
        file.Dispose();
        file.Dispose();
        Assert.Throws<ObjectDisposedException>(() => file.Read(0, new float[1]));
        Assert.Throws<ObjectDisposedException>(() => file.TryPin(out _));
        using FileStream writable = new(path, FileMode.Open, FileAccess.ReadWrite, FileShare.None);
        Assert.False(OperatingSystem.IsLinux() && File.ReadAllText("/proc/self/maps").Contains(path));
    }

    [Fact]
    public void Rows_past_the_end_are_refused()
    {
        using var folder = new TemporaryFolder();
        using VectorSource file = VectorFile.Open(folder.Write("x.npy", Npy.File([1, 2, 3, 4], 4, 1)));
        Assert.Throws<ArgumentOutOfRangeException>(() => file.Read(3, new float[2]));
        Assert.Throws<ArgumentOutOfRangeException>(() => file.Read(4, new float[1]));
        Assert.Throws<ArgumentOutOfRangeException>(() => file.Read(-1, new float[1]));
    }

    [Fact]
    public void A_file_of_more_than_2_to_the_31_values_is_read_at_its_far_end()
    {
        const long Rows = 300_000_000, Columns = 8;
        using var folder = new TemporaryFolder();
        byte[] header = Npy.Header("<f4", $"({Rows}, {Columns})");
        long length = header.Length + (Rows * Columns * sizeof(float));
        float[] last = [2, 3, 4, 5, 6, 7, 8, 9];
        try
        {
            using FileStream stream = new(folder.File("big.npy"), FileMode.CreateNew);
            stream.Write(header);
            stream.SetLength(length);
            stream.Position = length - (Columns * sizeof(float));
            stream.Write(MemoryMarshal.AsBytes<float>(last));
        }
        catch (IOException refused)
        {
            Assert.Skip($"This disk takes no sparse file of {length} bytes: {refused.Message}");
        }

        using VectorSource file = VectorFile.Open(folder.File("big.npy"));
        Assert.Equal((Rows, 8), (file.Count, file.Dimension));
        float[] rows = new float[24];
        file.Gather([Rows - 1, Rows / 2, Rows - 2], rows);
        Assert.Equal([.. last, .. new float[16]], rows);

        // Engines find places beyond 2³¹ values as well.
        RowFrame frame = new(new float[8], Normalize: false);
        foreach (string name in TestEngines.Cpu)
        {
            using KMeansEngine engine = TestEngines.Create(name);
            engine.SetCenters([.. new float[8], .. last], new double[2], frame);
            using EngineData data = engine.Load(file, default, frame);
            int[] labels = new int[50];
            engine.Assign(data, Rows - 50, labels, []);
            Assert.Equal([.. new int[49], 1], labels);
        }
    }
}
