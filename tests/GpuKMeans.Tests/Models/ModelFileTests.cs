namespace GpuKMeans.Tests.Models;

/// <summary>A saved model is the same model; a failed save leaves the old file.</summary>
public sealed class ModelFileTests
{
    [Theory, InlineData(Metric.Euclidean), InlineData(Metric.Cosine)]
    public void A_model_comes_back_to_the_bit(Metric metric)
    {
        KMeansModel model = Model(metric);
        using var folder = new TemporaryFolder();
        model.Save(folder.File("model"));
        KMeansModel loaded = KMeansModel.Load(folder.File("model"), Device.Cpu, 1);
        Assert.Equal((model.ClusterCount, model.Dimension, metric), (loaded.ClusterCount, loaded.Dimension, loaded.Metric));
        Assert.Equal((Device.Cpu, 1), (loaded.Device, loaded.MaxDegreeOfParallelism));
        Near.SameBits(model.ClusterCenters, loaded.ClusterCenters);
        Near.SameBits(model.ClusterCounts, loaded.ClusterCounts);
        float[,] rows = TestData.Get("gaussian", 1003, 9, 5).Array;
        Assert.Equal(model.Predict(rows), loaded.Predict(rows));
        Near.SameBits(model.Transform(rows), loaded.Transform(rows));
    }

    [Fact]
    public void The_file_is_what_its_documentation_says()
    {
        using var stream = new MemoryStream();
        Model().Save(stream);
        byte[] bytes = stream.ToArray();
        Assert.Equal(24 + (5 * 8) + (5 * 9 * 4) + 32, bytes.Length);
        Assert.Equal([.. "GPUKMEAN"u8, 1, 0, 0, 0, 0, 0, 0, 0, 5, 0, 0, 0, 9, 0, 0, 0], bytes[..24]);
        Assert.Equal(Model().ClusterCounts[1], BitConverter.ToDouble(bytes, 32));
        Assert.Equal(Model().ClusterCenters[1, 2], BitConverter.ToSingle(bytes, 64 + (11 * 4)));
        Assert.Equal(System.Security.Cryptography.SHA256.HashData(bytes.AsSpan(0, bytes.Length - 32)), bytes[^32..]);
    }

    [Fact]
    public void Models_follow_each_other_in_a_stream_that_stays_open()
    {
        using var stream = new MemoryStream();
        KMeansModel first = Model(), second = Model(Metric.Cosine);
        first.Save(stream);
        second.Save(stream);
        stream.WriteByte(42);
        stream.Position = 0;
        Near.SameBits(first.ClusterCenters, KMeansModel.Load(stream).ClusterCenters);
        Near.SameBits(second.ClusterCenters, KMeansModel.Load(stream).ClusterCenters);
        Assert.Equal(42, stream.ReadByte());
    }

    [Fact]
    public void A_stream_that_gives_a_byte_at_a_time_is_enough()
    {
        using var whole = new MemoryStream();
        Model().Save(whole);
        using var slow = new SlowStream(whole.ToArray());
        Near.SameBits(Model().ClusterCenters, KMeansModel.Load(slow).ClusterCenters);
    }

    [Fact]
    public void Saving_replaces_the_file_and_leaves_nothing_beside_it()
    {
        using var folder = new TemporaryFolder();
        string path = folder.Write("model", new byte[100_000]);
        Model().Save(path);
        Near.SameBits(Model().ClusterCenters, KMeansModel.Load(path).ClusterCenters);
        Assert.Equal([path], Directory.GetFiles(folder.Path));
    }

    [Fact]
    public void A_save_that_fails_leaves_what_was_there()
    {
        using var folder = new TemporaryFolder();
        Assert.Throws<DirectoryNotFoundException>(() => Model().Save(folder.File("missing/model")));

        // A folder cannot be replaced by a file: the failure comes at the last step.
        Directory.CreateDirectory(folder.File("model"));
        Assert.ThrowsAny<Exception>(() => Model().Save(folder.File("model")));
        Assert.Empty(Directory.GetFiles(folder.Path));
        Assert.True(Directory.Exists(folder.File("model")));
    }

    [Fact]
    public void A_read_only_folder_keeps_its_old_model()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Folders are not made read-only like this on Windows.");
        Assert.SkipWhen(Environment.IsPrivilegedProcess, "An administrator may write to read-only folders.");
        using var folder = new TemporaryFolder();
        string inner = Directory.CreateDirectory(folder.File("inner")).FullName, path = Path.Combine(inner, "model");
        Model().Save(path);
        byte[] before = File.ReadAllBytes(path);
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(inner, UnixFileMode.UserRead | UnixFileMode.UserExecute);
            Assert.Throws<UnauthorizedAccessException>(() => Model(Metric.Cosine).Save(path));
            File.SetUnixFileMode(inner, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }

        Assert.Equal(before, File.ReadAllBytes(path));
        Assert.Single(Directory.GetFiles(inner));
    }

    [Fact]
    public void A_number_of_threads_that_is_none_is_refused_on_load()
    {
        foreach (int threads in (int[])[0, -2])
        {
            using var stream = new MemoryStream();
            Model().Save(stream);
            stream.Position = 0;
            Assert.Throws<ArgumentOutOfRangeException>(() => KMeansModel.Load(stream, Device.Cpu, threads));
        }
    }

    internal static KMeansModel Model(Metric metric = Metric.Euclidean) => new KMeans(
        TestEstimators.Options(5) with { Metric = metric, MaxIterations = 3 }).Fit(TestData.Get("gaussian", 300, 9, 5).Array).Model;

    private sealed class SlowStream(byte[] bytes) : MemoryStream(bytes)
    {
        public override int Read(Span<byte> buffer) => base.Read(buffer[..Math.Min(1, buffer.Length)]);

        public override int Read(byte[] buffer, int offset, int count) => base.Read(buffer, offset, Math.Min(1, count));
    }
}
