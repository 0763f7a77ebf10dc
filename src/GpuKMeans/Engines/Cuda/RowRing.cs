using GpuKMeans.Engines.Cuda.Driver;

namespace GpuKMeans.Engines.Cuda;

/// <summary>
/// The way of rows to the GPU: a few pinned buffers filled in turn by several threads, each copied while the next is
/// filled and the one before is computed on.
/// </summary>
internal sealed unsafe class RowRing : IDisposable
{
    private const int SlotCount = 3;
    private const int MostThreads = 8;
    private const int BlockBytes = 1 << 20;

    private readonly CudaStream _copies;
    private readonly Slot[] _slots;
    private int _next;

    public RowRing(CudaContext context, DeviceMemory memory)
    {
        _copies = new CudaStream(context);
        _slots = [.. Enumerable.Range(0, SlotCount).Select(_ => new Slot(memory))];
    }

    /// <summary>Sends a batch, its weights behind its rows, and lets the stream wait for it.</summary>
    /// <param name="data">The rows.</param>
    /// <param name="order">The order they are taken in.</param>
    /// <param name="position">The first place.</param>
    /// <param name="count">How many rows.</param>
    /// <param name="stream">The stream that will read them; <see cref="Release"/> says when it has.</param>
    public Rows Send(CudaData data, RowOrder order, long position, int count, CudaStream stream)
    {
        Slot slot = _slots[_next];
        long values = count * (long)data.Dimension, total = values + (data.IsWeighted ? count : 0);
        slot.Sent.Synchronize();
        slot.Host.Reserve(total * sizeof(float));
        if (total > slot.Device.Capacity)
        {
            // Kernels may still read what is about to be freed.
            stream.Synchronize();
            slot.Device.Reserve(total);
        }

        Fill(data, order, position, count, (float*)slot.Host.Address);
        _copies.Wait(slot.Read);
        _copies.Upload(slot.Device.Pointer, (float*)slot.Host.Address, total);
        slot.Sent.Record(_copies);
        stream.Wait(slot.Sent);
        return new Rows
        {
            Values = slot.Device.Pointer,
            Weights = data.IsWeighted ? slot.Device.At(values) : 0,
            Dimension = data.Dimension,
            Count = count,
        };
    }

    /// <summary>Says that the stream's work so far is all that reads the batch sent last.</summary>
    public void Release(CudaStream stream)
    {
        _slots[_next].Read.Record(stream);
        _next = (_next + 1) % SlotCount;
    }

    /// <summary>Copies all rows to the GPU, where they stay.</summary>
    public void SendAll(CudaData data, ulong to)
    {
        int rows = (int)Math.Max(1, Math.Min(data.Count, (64 << 20) / (data.Dimension * (long)sizeof(float))));
        for (long start = 0; start < data.Count; start += rows)
        {
            Slot slot = _slots[_next];
            int count = (int)Math.Min(rows, data.Count - start);
            long values = count * (long)data.Dimension;
            slot.Sent.Synchronize();
            slot.Host.Reserve(values * sizeof(float));
            FillRows(data, RowOrder.Sequential(data.Count), start, count, (float*)slot.Host.Address);
            _copies.Upload(to + ((ulong)start * (ulong)data.Dimension * sizeof(float)), (float*)slot.Host.Address, values);
            slot.Sent.Record(_copies);
            _next = (_next + 1) % SlotCount;
        }

        _copies.Synchronize();
    }

    public void Dispose()
    {
        _ = CudaNative.cuStreamSynchronize(_copies.Handle);
        foreach (Slot slot in _slots)
        {
            slot.Dispose();
        }

        _copies.Dispose();
    }

    private static void Fill(CudaData data, RowOrder order, long position, int count, float* to)
    {
        FillRows(data, order, position, count, to);
        if (data.IsWeighted)
        {
            ReadOnlySpan<float> weights = data.Weights;
            float* target = to + (count * (long)data.Dimension);
            for (int i = 0; i < count; i++)
            {
                target[i] = weights[(int)order[position + i]];
            }
        }
    }

    private static void FillRows(CudaData data, RowOrder order, long position, int count, float* to)
    {
        int dimension = data.Dimension, each = Math.Max(1, BlockBytes / (dimension * sizeof(float)));
        int blocks = (count + each - 1) / each;
        nint target = (nint)to;
        void FillBlock(int block)
        {
            int first = block * each, n = Math.Min(each, count - first);
            var values = new Span<float>((float*)target + (first * (long)dimension), n * dimension);
            if (order.HalfBits == 0)
            {
                data.Source.Read(position + first, values);
                return;
            }

            long[] rows = new long[n];
            for (int i = 0; i < n; i++)
            {
                rows[i] = order[position + first + i];
            }

            data.Source.Gather(rows, values);
        }

        if (blocks == 1)
        {
            FillBlock(0);
            return;
        }

        Parallel.For(
            0, blocks, new ParallelOptions { MaxDegreeOfParallelism = Math.Min(MostThreads, Environment.ProcessorCount) }, FillBlock);
    }

    private sealed class Slot(DeviceMemory memory) : IDisposable
    {
        public PinnedBuffer Host { get; } = new();

        public DeviceBuffer<float> Device { get; } = new(memory, "rows on their way");

        /// <summary>Behind the copy: then the host buffer may be filled again.</summary>
        public CudaEvent Sent { get; } = new();

        /// <summary>Behind what reads the rows: then the device buffer may be written again.</summary>
        public CudaEvent Read { get; } = new();

        public void Dispose()
        {
            Host.Dispose();
            Device.Dispose();
            Sent.Dispose();
            Read.Dispose();
        }
    }
}
