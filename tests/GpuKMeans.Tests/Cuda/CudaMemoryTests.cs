using System.Buffers;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using GpuKMeans.Engines;
using GpuKMeans.Engines.Cuda;
using GpuKMeans.Engines.Cuda.Driver;

namespace GpuKMeans.Tests.Cuda;

public class CudaMemoryTests
{
    [Theory]
    [InlineData(2, 400_000)]
    [InlineData(64, 400_000)]
    [InlineData(200, 150_000)]
    public void Little_memory_changes_no_bit(int dimension, int count)
    {
        float[] rows = Gpu.Blobs(count, dimension, 40, 1), centers = Gpu.Pick(rows, dimension, 50, 2);
        foreach (bool hopper in new[] { true, false })
        {
            string[] courses = [.. new[] { long.MaxValue, 24 << 20 }.Select(room =>
            {
                using CudaEngine engine = Gpu.Engine();
                engine.UseHopper = hopper;
                return Course(engine, rows, centers, dimension, room);
            })];
            Assert.Equal(courses[0], courses[1]);
        }
    }

    [Fact]
    public void Parts_are_summed_one_by_one_to_the_same_bits_where_there_is_no_room_for_all()
    {
        // Three parts. Labels and distances take 19 MB, the places of all parts 10, those of one 4.
        const int Count = 2_400_000;
        float[] rows = Gpu.Normal(Count, 2, 9), centers = Gpu.Pick(rows, 2, 50, 10);
        RowFrame frame = Gpu.Frame(rows, 2);
        string[] passes = [.. new[] { long.MaxValue, 24 << 20 }.Select(room =>
        {
            using CudaEngine engine = Gpu.Engine();
            using EngineData data = engine.Load(VectorSource.FromMemory(rows, 2), default, frame);
            engine.SetCenters(centers, new double[50], frame);
            engine.Memory.Limit = room == long.MaxValue ? room : engine.Memory.Used + room;
            LloydStatistics pass = engine.Accumulate(data, CancellationToken.None);
            double shift = engine.MoveCenters(data, out _);
            double[] means = new double[centers.Length];
            engine.GetMeans(means);
            return $"{pass} {shift:R} {string.Join(' ', means.Select(m => m.ToString("R")))}";
        })];
        Assert.Equal(passes[0], passes[1]);
    }

    [Fact]
    public void Distances_to_all_centers_are_the_same_with_little_memory()
    {
        using CudaEngine engine = Gpu.Engine();
        float[] rows = Gpu.Normal(10_000, 8, 3), centers = Gpu.Normal(1000, 8, 4);
        RowFrame frame = Gpu.Frame(rows, 8);
        using EngineData data = engine.Load(VectorSource.FromMemory(rows, 8), default, frame);
        engine.SetCenters(centers, new double[1000], frame);
        engine.Memory.Limit = engine.Memory.Used + (5 << 20);
        float[] little = new float[10_000 * 1000], much = new float[10_000 * 1000];
        engine.Distances(data, 0, little);
        engine.Memory.Limit = long.MaxValue;
        engine.Distances(data, 0, much);
        Gpu.Same(much, little, "distances");
    }

    [Fact]
    public void No_memory_is_an_error_with_the_numbers_and_not_the_end()
    {
        using CudaEngine engine = Gpu.Engine();
        float[] rows = Gpu.Normal(50_000, 64, 5), centers = Gpu.Normal(20, 64, 6);
        RowFrame frame = Gpu.Frame(rows, 64);
        using EngineData data = engine.Load(VectorSource.FromMemory(rows, 64), default, frame);
        engine.SetCenters(centers, new double[20], frame);
        int[] labels = new int[50_000];
        engine.Memory.Limit = engine.Memory.Used + 10_000;
        var error = Assert.Throws<InsufficientMemoryException>(() => engine.Assign(data, 0, labels, []));
        Assert.Matches("^.+ has no room for .+: 1 MB are needed, 0 MB of [0-9]+ MB are free.$", error.Message);
        Assert.Throws<InsufficientMemoryException>(() => engine.RunSteps(data, RowOrder.Sequential(50_000), 0, 5000, new StepStatistics[1]));
        Assert.Throws<InsufficientMemoryException>(() => engine.Accumulate(data, CancellationToken.None));
        engine.Memory.Limit = long.MaxValue;
        engine.Assign(data, 0, labels, []);
        Gpu.Same(Gpu.Oracle(rows, centers, 64), labels, "labels");
    }

    [Fact]
    public void A_call_that_finds_no_memory_says_how_much_there_is()
    {
        using (Gpu.Engine())
        {
            using CudaContext.Scope scope = CudaContext.Of(0).Enter();
            var error = Assert.Throws<InsufficientMemoryException>(() => CudaNative.Check(CudaNative.OutOfMemory, "cuLaunchKernel of SettleRows("));
            Assert.StartsWith($"{CudaDevices.List()[0].Name} has no room for what cuLaunchKernel of SettleRows takes: ", error.Message, StringComparison.Ordinal);
            Assert.EndsWith(" MB are free.", error.Message, StringComparison.Ordinal);
            Assert.DoesNotContain(" of 0 MB", error.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void What_is_needed_is_rounded_up_and_what_is_free_down() => Assert.Equal(
        "GPU has no room for the test: 2 MB are needed, 1 MB of 1,024 MB are free.",
        CudaErrors.OutOfDeviceMemory("GPU", "the test", (1 << 20) + 1, (2 << 20) - 1, 1 << 30).Message);

    [Fact]
    public void Rows_and_an_engine_that_nobody_disposed_of_leave_nothing_behind()
    {
        using (Gpu.Engine())
        {
            float[] rows = Gpu.Normal(100_000, 32, 7);
            using MemoryHandle pin = rows.AsMemory().Pin();
            DeviceMemory memory = Drop(rows);
            for (int i = 0; i < 5 && memory.Used > 0; i++)
            {
                GC.Collect();
                GC.WaitForPendingFinalizers();
            }

            Assert.Equal(0, memory.Used);
            using CudaContext.Scope scope = CudaContext.Of(0).Enter();
            unsafe
            {
                Assert.Equal(0UL, PinnedBuffer.OnDevice((nint)pin.Pointer, rows.Length * (long)sizeof(float)));
            }
        }
    }

    [Fact]
    public void A_thread_that_had_no_gpu_has_none_afterwards()
    {
        using CudaEngine engine = Gpu.Engine();
        float[] rows = Gpu.Normal(10_000, 16, 8);
        (string Name, long Free, long Total) after = default;
        var thread = new Thread(() =>
        {
            using CudaEngine own = CudaEngine.Create(0);
            Gpu.Assign(own, rows, rows[..160], 16);
            after = CudaContext.OfThread();
        });
        thread.Start();
        thread.Join();
        Assert.Equal(("The GPU", 0L, 0L), after);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static DeviceMemory Drop(float[] rows)
    {
        CudaEngine engine = CudaEngine.Create(0);
        engine.ResidentLimit = 0;
        RowFrame frame = Gpu.Frame(rows, 32);
        var data = (CudaData)engine.Load(VectorSource.FromMemory(rows, 32), default, frame);
        engine.SetCenters(rows.AsSpan(0, 320), new double[10], frame);
        for (int pass = 0; pass < 3; pass++)
        {
            engine.Assign(data, 0, new int[100_000], []);
        }

        Assert.NotEqual(0UL, data.HostOnDevice);
        Assert.NotEqual(0, engine.Memory.Used);
        return engine.Memory;
    }

    /// <summary>All that rows on the GPU are used for, as one text of bits.</summary>
    private static string Course(CudaEngine engine, float[] rows, float[] centers, int dimension, long room)
    {
        int clusters = centers.Length / dimension;
        RowFrame frame = Gpu.Frame(rows, dimension);
        using EngineData data = engine.Load(VectorSource.FromMemory(rows, dimension), default, frame);
        engine.SetCenters(centers, new double[clusters], frame);
        engine.Memory.Limit = room == long.MaxValue ? room : engine.Memory.Used + room;
        var steps = new StepStatistics[3];
        engine.RunSteps(data, RowOrder.Shuffled(data.Count, 3), 0, 3000, steps);
        LloydStatistics pass = engine.Accumulate(data, CancellationToken.None);
        double shift = engine.MoveCenters(data, out _);
        int[] labels = new int[data.Count], alone = new int[data.Count];
        float[] distances = new float[data.Count];
        double inertia = engine.Assign(data, 0, labels, distances);
        engine.Label(data);
        engine.GetLabels(data, 0, alone);
        Gpu.Same(labels, alone, "labels");
        using Seeding seeding = engine.StartSeeding(data);
        double[] potentials = new double[3];
        seeding.Evaluate([5, 99, 1000], potentials);
        var hash = default(HashCode);
        hash.AddBytes(MemoryMarshal.AsBytes(engine.Centers(clusters, dimension).AsSpan()));
        hash.AddBytes(MemoryMarshal.AsBytes(labels.AsSpan()));
        hash.AddBytes(MemoryMarshal.AsBytes(distances.AsSpan()));
        return $"{string.Join(' ', steps)} {pass} {shift:R} {inertia:R} {string.Join(' ', potentials)} {hash.ToHashCode()}";
    }
}
