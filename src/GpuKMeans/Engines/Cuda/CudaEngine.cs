using GpuKMeans.Engines.Cpu;
using GpuKMeans.Engines.Cuda.Driver;

namespace GpuKMeans.Engines.Cuda;

/// <summary>
/// The engine on an NVIDIA GPU, through the driver alone. Rows, centres and all that is computed between the two stay on
/// the GPU; work is queued and the host waits once an operation.
/// </summary>
internal sealed partial class CudaEngine : KMeansEngine
{
    private readonly CudaContext _context;
    private readonly DeviceMemory _memory;
    private readonly CudaStream _stream;
    private readonly RowRing _ring;
    private readonly ResultRing _results;
    private readonly PinnedBuffer _readBack;

    private CudaEngine(CudaContext context)
    {
        _context = context;
        using CudaContext.Scope scope = context.Enter();
        _memory = new DeviceMemory(context);
        _stream = new CudaStream(context);
        _ring = new RowRing(context, _memory);
        _results = new ResultRing(context);
        _readBack = new PinnedBuffer(context);
        _centers = new CenterBuffers(_memory);
        _work = new WorkBuffers(_memory);
        _work.BadRow.Reserve(1);
        _work.Results.Reserve(1);
        ForgetUndecided();
        ForgetBadRow();
    }

    // For an engine that was never disposed of. What it is made of has no finaliser, so that it all goes in the same order.
    ~CudaEngine() => Dispose(disposing: false);

    public override Device Device => Device.Cuda(_context.Device.Index);

    public override int RowsPerCall => 1 << 22;

    public override string Name => $"{_context.Device.Name} (cuda:{_context.Device.Index})";

    /// <summary>The engine's memory; tests limit it.</summary>
    internal DeviceMemory Memory => _memory;

    /// <summary>The most bytes of rows that are kept on the GPU; tests lower it to have rows streamed.</summary>
    internal long ResidentLimit { get; set; } = long.MaxValue;

    /// <summary>Whether assignment may use the kernels for Hopper, where the GPU is one; else it uses those for all GPUs.</summary>
    internal bool UseHopper { get; set; } = CudaContext.UsesHopper;

    /// <summary>Whether few centres are met by a kernel of their own, from when they are next set; tests see to it that both are tried.</summary>
    internal bool UseFew { get; set; } = true;

    /// <summary>What the arithmetic is done in, from when centres are next set.</summary>
    internal Precision Precision { get; set; }

    /// <summary>Whether small batches are assigned in their own way, which takes less time; tests see to it that both are tried.</summary>
    internal bool AssignsBatches { get; set; } = true;

    /// <summary>
    /// Rows that the fast pass left open are measured to the centres they may be nearest to where these have no more values than that,
    /// for all of those rows; else the fast pass looks for candidates, or two kernels more do. Tests see to it that both are tried.
    /// </summary>
    internal long MostScannedValues { get; set; } = 1 << 25;

    /// <summary>Makes an engine on a GPU.</summary>
    /// <param name="index">The GPU's number.</param>
    /// <param name="precision">What the arithmetic is done in.</param>
    /// <exception cref="PlatformNotSupportedException">It cannot be used; the message says what is missing.</exception>
    public static CudaEngine Create(int index, Precision precision = default) =>
        new(CudaContext.Of(index)) { Precision = precision };

    /// <summary>Whether a GPU can be used.</summary>
    public static bool IsAvailable(int index = 0) => CudaDriver.WhyUnavailable(index) is null;

    public override EngineData Load(VectorSource rows, ReadOnlyMemory<float> weights, RowFrame frame, bool once = false)
    {
        using Operation operation = Begin();

        // What was short of room before may not be for these rows.
        (_mostAssigned, _mostTogether) = (MostAssignRows, int.MaxValue);
        var data = new CudaData(rows, weights, frame, _memory, _ring);
        try
        {
            if (data.IsWeighted)
            {
                _stream.Upload(data.DeviceWeights.Reserve(rows.Count), weights.Span);
                _stream.Synchronize();
            }

            ulong address = rows.AddressOn(_context.Device.Index);
            if (address != 0 && !frame.Normalize)
            {
                data.Rows.View(address, data.Count * data.Dimension);
            }
            else if ((!once || address != 0) && TryReserve(data))
            {
                if (address == 0)
                {
                    _ring.SendAll(data, data.Rows.Pointer);
                }
                else
                {
                    _stream.Copy(data.Rows.Pointer, address, data.Count * data.Dimension * sizeof(float));
                }

                if (frame.Normalize)
                {
                    NormalizeAll(data);
                }
            }

            operation.Complete();
            return data;
        }
        catch
        {
            data.Dispose();
            throw;
        }
    }

    protected override void Dispose(bool disposing)
    {
        // A constructor that failed has not made all of it.
        using CudaContext.Scope scope = _context.TryEnter();
        _stream?.Finish();
        _ring?.Dispose();
        _results?.Dispose();
        _readBack?.Dispose();
        _stream?.Dispose();
        _memory?.Dispose();
    }

    /// <summary>Whether the rows may stay on the GPU beside what is kept and worked with for them.</summary>
    private bool TryReserve(CudaData data)
    {
        (long free, long total) = _memory.Room();
        long bytes = data.Count * data.Dimension * sizeof(float);

        // Of each row D² and its trials, or later the label and the distance; of each cluster its sum and that of a segment. The sums of
        // more segments take no more than MostSegmentBytes.
        // First centres are chosen before it is known how many they are.
        int trials = _centers.Count == 0 ? Seeding.MaxCandidates : Seeding.TrialsFor(_centers.Count);
        long kept = (data.Count * (1L + trials) * sizeof(float)) + (2L * _centers.Count * data.Dimension * sizeof(double));

        // Where another process is faster than this, rows are streamed as well.
        return data.Count > 0 && bytes <= ResidentLimit && bytes + kept + (total / 10) + DeviceMemory.Reserve(total) <= free
            && data.Rows.TryReserve(data.Count * data.Dimension);
    }

    private void NormalizeAll(CudaData data)
    {
        foreach (Rows part in Parts(data, RowOrder.Sequential(data.Count), 0, data.Count, MostPartRows))
        {
            Normalize(part);
        }

        ThrowIfBad(data, 0);
    }

    private void Normalize(in Rows rows) => _stream.Launch(
        Kernel.NormalizeRows, Blocks(rows.Count, 128), 128, new NormalizeArgs { Rows = rows, BadRow = _work.BadRow.Pointer });

    /// <summary>Waits for what is queued for rows from a first one on, and throws if one could not be used.</summary>
    private void ThrowIfBad(CudaData data, long start) =>
        ThrowIfBad(data, RowOrder.Sequential(data.Count), start, ReadBack<ulong>(_work.BadRow.Pointer, 1)[0]);

    /// <summary>Throws the error the CPU engine gives for the first row that could not be used, if there was one.</summary>
    private static void ThrowIfBad(CudaData data, RowOrder order, long position, ulong place)
    {
        if (place == ulong.MaxValue)
        {
            return;
        }

        long number = order[position + (long)place];
        float[] row = new float[data.Dimension];
        data.Source.Read(number, row);
        if (data.Frame.Normalize)
        {
            UnitLength.Scale(row, number);
        }

        RowCheck.ThrowNotFinite(row, number);
    }

    /// <summary>Reads a little from the GPU, after all that is queued. What is returned holds until the next read.</summary>
    private Span<T> ReadBack<T>(ulong from, int count)
        where T : unmanaged
    {
        _readBack.Reserve(Math.Max(4096, count * (long)System.Runtime.CompilerServices.Unsafe.SizeOf<T>()));
        Span<T> values = _readBack.Span<T>(0, count);
        _stream.Download(values, from);
        _stream.Synchronize();
        return values;
    }

    private static long Blocks(long items, long each) => (items + each - 1) / each;
}
