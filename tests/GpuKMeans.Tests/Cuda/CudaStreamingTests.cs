using System.Buffers;
using GpuKMeans.Engines;
using GpuKMeans.Engines.Cuda;
using GpuKMeans.Engines.Cuda.Driver;

namespace GpuKMeans.Tests.Cuda;

public sealed class CudaStreamingTests
{
    public enum Place
    {
        /// <summary>Memory that the driver has locked.</summary>
        Locked,

        /// <summary>An array.</summary>
        Pageable,

        /// <summary>Behind <see cref="VectorSource.Read"/> alone.</summary>
        Hidden,
    }

    [Theory]
    [InlineData(128, false)]
    [InlineData(128, true)]
    [InlineData(7, true)]
    [InlineData(100, false)]
    public void Rows_give_the_bits_of_resident_ones_wherever_they_are_streamed_from(int dimension, bool weighted)
    {
        using CudaEngine engine = Gpu.Engine();
        int count = 12_000_000 / dimension;
        float[] rows = Gpu.Blobs(count, dimension, 40, 1), centers = Gpu.Pick(rows, dimension, 70, 2);
        float[] weights = weighted ? [.. Enumerable.Range(0, count).Select(i => (i % 5) / 2f)] : [];
        string expected = Course(engine, VectorSource.FromMemory(rows, dimension), weights, centers);
        engine.ResidentLimit = 0;
        foreach (Place place in Enum.GetValues<Place>())
        {
            using var source = new PlacedVectors(rows, dimension, place);
            Assert.Equal(expected, Course(engine, source, weights, centers));
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Rows_may_begin_at_any_value(int first)
    {
        using CudaEngine engine = Gpu.Engine();
        float[] rows = Gpu.Blobs(100_000, 32, 40, 1), centers = Gpu.Pick(rows, 32, 70, 2), moved = [.. new float[first], .. rows];
        string expected = Course(engine, VectorSource.FromMemory(rows, 32), [], centers);
        engine.ResidentLimit = 0;

        // Again and again, so that they are locked.
        for (int i = 0; i < 3; i++)
        {
            Assert.Equal(expected, Course(engine, VectorSource.FromMemory(moved.AsMemory(first), 32), [], centers));
        }
    }

    [Fact]
    public void Locked_memory_is_known_in_whole_and_in_part()
    {
        using (Gpu.Engine())
        {
            using var locked = new PinnedBuffer();
            locked.Reserve(1 << 16);
            Assert.NotEqual(0UL, PinnedBuffer.OnDevice(locked.Address, 1 << 16));
            Assert.NotEqual(0UL, PinnedBuffer.OnDevice(locked.Address + 4096, 4096));
            Assert.Equal(0UL, PinnedBuffer.OnDevice(locked.Address, 1L << 40));
            using MemoryHandle pageable = new float[1000].AsMemory().Pin();
            unsafe
            {
                Assert.Equal(0UL, PinnedBuffer.OnDevice((nint)pageable.Pointer, 4000));
            }
        }
    }

    [Fact]
    public void A_lock_lasts_as_long_as_the_last_who_reads_the_rows()
    {
        using CudaEngine engine = Gpu.Engine();
        engine.ResidentLimit = 0;
        float[] rows = Gpu.Normal(100_000, 32, 5), centers = Gpu.Pick(rows, 32, 5, 6);
        RowFrame frame = Gpu.Frame(rows, 32);
        var first = (CudaData)engine.Load(VectorSource.FromMemory(rows, 32), default, frame);
        engine.SetCenters(centers, new double[5], frame);
        for (int pass = 0; pass < 3; pass++)
        {
            engine.Assign(first, 0, new int[100_000], []);
        }

        // The second views a part of the rows.
        Assert.NotEqual(0UL, first.HostOnDevice);
        var second = (CudaData)engine.Load(VectorSource.FromMemory(rows.AsMemory(32 * 1000), 32), default, frame);
        Assert.Equal(first.HostOnDevice + (32 * 1000 * sizeof(float)), second.HostOnDevice);
        first.Dispose();
        int[] labels = new int[99_000];
        engine.Assign(second, 0, labels, []);
        Gpu.Same(Gpu.Oracle(rows, centers, 32)[1000..], labels, "labels");
        second.Dispose();
        using var third = (CudaData)engine.Load(VectorSource.FromMemory(rows, 32), default, frame);
        Assert.Equal(0UL, third.HostOnDevice);
    }

    [Fact]
    public void What_a_source_throws_reaches_the_caller_as_it_was_thrown()
    {
        using CudaEngine engine = Gpu.Engine();
        engine.ResidentLimit = 0;
        float[] rows = Gpu.Normal(100_000, 32, 3);
        using var source = new PlacedVectors(rows, 32, Place.Hidden) { Broken = 77_777 };
        RowFrame frame = Gpu.Frame(rows, 32);
        using EngineData data = engine.Load(source, default, frame);
        engine.SetCenters(Gpu.Pick(rows, 32, 5, 4), new double[5], frame);
        Assert.Throws<IOException>(() => engine.Assign(data, 0, new int[100_000], []));
        Assert.Throws<IOException>(() => engine.RunSteps(data, RowOrder.Shuffled(100_000, 1), 0, 50_000, new StepStatistics[2]));
        source.Broken = -1;
        engine.SetCenters(Gpu.Pick(rows, 32, 5, 4), new double[5], frame);
        int[] labels = new int[100_000];
        engine.Assign(data, 0, labels, []);
        Gpu.Same(Gpu.Oracle(rows, Gpu.Pick(rows, 32, 5, 4), 32), labels, "labels");
    }

    /// <summary>All that streams rows, as one text of bits.</summary>
    private static string Course(CudaEngine engine, VectorSource source, float[] weights, float[] centers)
    {
        int d = source.Dimension, k = centers.Length / d;
        RowFrame frame = new(new float[d], Normalize: false);
        using EngineData data = engine.Load(source, weights, frame);
        engine.SetCenters(centers, new double[k], frame);
        var steps = new StepStatistics[7];
        engine.RunSteps(data, RowOrder.Shuffled(data.Count, 5), 100, 3000, steps);
        LloydStatistics pass = engine.Accumulate(data, CancellationToken.None);
        double shift = engine.MoveCenters(data, out _);
        int[] labels = new int[data.Count];
        float[] distances = new float[data.Count];
        double inertia = engine.Assign(data, 0, labels, distances);
        using Seeding seeding = engine.StartSeeding(data);
        double[] potentials = new double[3];
        seeding.Evaluate([5, 99, 1000], potentials);
        seeding.Accept(1);

        // By now rows have passed often enough to be locked.
        var last = new StepStatistics[3];
        engine.RunSteps(data, RowOrder.Shuffled(data.Count, 6), 0, 5000, last);
        engine.Accumulate(data, CancellationToken.None);
        engine.MoveCenters(data, out _);
        var hash = default(HashCode);
        hash.AddBytes(System.Runtime.InteropServices.MemoryMarshal.AsBytes(engine.Centers(k, d).AsSpan()));
        Array.ForEach(labels, hash.Add);
        Array.ForEach(distances, hash.Add);
        return $"{string.Join(' ', steps)} {pass} {shift:R} {inertia:R} {string.Join(' ', potentials)} {seeding.Find(0.7)} {string.Join(' ', last)} {hash.ToHashCode()}";
    }

    private sealed unsafe class PlacedVectors : VectorSource
    {
        private readonly float[] _rows;
        private readonly Place _place;
        private readonly PinnedBuffer _locked = new();

        public PlacedVectors(float[] rows, int dimension, Place place)
            : base(rows.Length / dimension, dimension)
        {
            (_rows, _place) = (rows, place);
            if (place == Place.Locked)
            {
                _locked.Reserve(rows.Length * (long)sizeof(float));
                rows.CopyTo(_locked.Span<float>(0, rows.Length));
            }
        }

        /// <summary>The row that cannot be read.</summary>
        public long Broken { get; set; } = -1;

        public override void Read(long start, Span<float> destination)
        {
            if (Broken >= start && Broken < start + (destination.Length / Dimension))
            {
                throw new IOException($"Row {Broken} cannot be read.");
            }

            _rows.AsSpan((int)start * Dimension, destination.Length).CopyTo(destination);
        }

        public override bool TryPin(out MemoryHandle handle)
        {
            handle = _place switch
            {
                Place.Locked => new MemoryHandle((void*)_locked.Address),
                Place.Pageable => _rows.AsMemory().Pin(),
                _ => default,
            };
            return _place != Place.Hidden;
        }

        protected override void Dispose(bool disposing)
        {
            _locked.Dispose();
            base.Dispose(disposing);
        }
    }
}
