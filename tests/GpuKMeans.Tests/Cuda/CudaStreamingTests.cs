using System.Buffers;
using System.Globalization;
using System.Runtime.InteropServices;
using GpuKMeans.Engines;
using GpuKMeans.Engines.Cpu;
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
            using var locked = new PinnedBuffer(CudaContext.Of(0));
            locked.Reserve(1 << 16);
            using CudaContext.Scope scope = CudaContext.Of(0).Enter();
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

    [Theory]
    [InlineData(32, 100_000, 1000, 80_000)]     // several batches are sent at once, and the row is not in the first that are
    [InlineData(32, 3000, 1000, 1500)]
    [InlineData(2000, 40_000, 39_500, 30_000)]  // a batch is sent in parts
    public void A_streamed_row_that_has_no_direction_is_named(int dimension, int count, int batch, long place)
    {
        using CudaEngine engine = Gpu.Engine();
        using var cpu = new CpuEngine();
        engine.ResidentLimit = 0;
        RowOrder order = RowOrder.Shuffled(count, 7);
        float[] rows = Gpu.Normal(count, dimension, 8), centers = Gpu.Normal(5, dimension, 9);
        rows.AsSpan((int)order[place] * dimension, dimension).Clear();
        string[] Errors(KMeansEngine by)
        {
            RowFrame frame = new(new float[dimension], Normalize: true);
            using EngineData data = by.Load(VectorSource.FromMemory(rows, dimension), default, frame);
            by.SetCenters(centers, new double[5], frame);
            var steps = new StepStatistics[(count - 500 + batch - 1) / batch];
            return
            [
                Assert.Throws<ArgumentException>(() => by.RunSteps(data, order, 500, batch, steps)).Message,
                Assert.Throws<ArgumentException>(() => by.Distances(data, 10, new float[5 * (count - 10)])).Message,
            ];
        }

        string[] errors = Errors(engine);
        Assert.All(errors, message => Assert.StartsWith(
            $"Row {order[place].ToString(CultureInfo.InvariantCulture)} is all zeros", message, StringComparison.Ordinal));
        Assert.Equal(Errors(cpu), errors);
    }

    [Fact]
    public void What_an_operation_that_failed_has_found_is_not_what_the_next_reports()
    {
        using CudaEngine engine = Gpu.Engine();
        engine.ResidentLimit = 0;
        const int Dimension = 4096, Count = 9000;       // a part has 8,192 rows
        float[] rows = Gpu.Normal(Count, Dimension, 10), centers = Gpu.Normal(5, Dimension, 11);
        rows[5 * Dimension] = float.NaN;
        using var source = new PlacedVectors(rows, Dimension, Place.Hidden) { Broken = 8500 };
        RowFrame frame = new(new float[Dimension], Normalize: false);
        using EngineData data = engine.Load(source, default, frame);
        engine.SetCenters(centers, new double[5], frame);
        int[] labels = new int[Count];
        Assert.Throws<IOException>(() => engine.Assign(data, 0, labels, []));
        rows[5 * Dimension] = 0;
        source.Broken = -1;
        engine.Assign(data, 0, labels, []);
        Gpu.Same(Gpu.Oracle(rows, centers, Dimension), labels, "labels");
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
        hash.AddBytes(MemoryMarshal.AsBytes(engine.Centers(k, d).AsSpan()));
        hash.AddBytes(MemoryMarshal.AsBytes(labels.AsSpan()));
        hash.AddBytes(MemoryMarshal.AsBytes(distances.AsSpan()));
        return $"{string.Join(' ', steps)} {pass} {shift:R} {inertia:R} {string.Join(' ', potentials)} {seeding.Find(0.7)} {string.Join(' ', last)} {hash.ToHashCode()}";
    }

    private sealed unsafe class PlacedVectors : VectorSource
    {
        private readonly float[] _rows;
        private readonly Place _place;
        private readonly PinnedBuffer _locked = new(CudaContext.Of(0));

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
