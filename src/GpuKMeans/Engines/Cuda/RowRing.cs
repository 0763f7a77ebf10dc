using System.Buffers;
using System.Runtime.ExceptionServices;
using GpuKMeans.Engines.Cuda.Driver;

namespace GpuKMeans.Engines.Cuda;

/// <summary>
/// The way of rows to the GPU: to a few buffers there, each filled while the ones before are computed on. Rows that lie in
/// memory the driver has locked are copied from there, or picked out by the GPU itself; others go through small pinned
/// buffers, which several threads fill and send.
/// </summary>
internal sealed unsafe class RowRing : IDisposable
{
    private const int BatchCount = 3;
    private const int MostThreads = 12;
    private const int MostChunkBytes = 1 << 19;
    private const int LeastChunkBytes = 1 << 17;

    // Blocks that pick rows out of host memory: they fill the bus, and leave the multiprocessors to the steps.
    private const int GatherBlocks = 12;

    private readonly CudaContext _context;
    private readonly CudaStream _copies;
    private readonly Batch[] _batches;
    private readonly Stack<Chunk[]> _chunks = [];
    private readonly Lock _ending = new();
    private readonly int _threads = Math.Min(MostThreads, Environment.ProcessorCount);
    private int _nextBatch;

    public RowRing(CudaContext context, DeviceMemory memory)
    {
        _context = context;
        _copies = new CudaStream(context, goesFirst: true);
        _batches = [.. Enumerable.Range(0, BatchCount).Select(_ => new Batch(memory))];
    }

    /// <summary>Sends a batch, and lets the stream wait for it.</summary>
    /// <param name="data">The rows.</param>
    /// <param name="order">The order they are taken in.</param>
    /// <param name="position">The first place.</param>
    /// <param name="count">How many rows.</param>
    /// <param name="stream">The stream that will read them; <see cref="Release"/> says when it has.</param>
    public Rows Send(CudaData data, RowOrder order, long position, int count, CudaStream stream)
    {
        data.CountSent(count);
        Batch batch = _batches[_nextBatch];
        int dimension = data.Dimension;
        bool picksRows = !order.IsSequential && data.HostOnDevice != 0, picksWeights = !order.IsSequential && data.IsWeighted;
        int picked = picksRows || picksWeights ? count : 0;
        if (count * (long)dimension > batch.Values.Capacity || picked > Math.Min(batch.Index.Capacity, batch.Weights.Capacity))
        {
            // Kernels may still read what is about to be freed, and after an error copies may be on their way to it.
            stream.Synchronize();
            _copies.Synchronize();
            batch.Values.Reserve(count * (long)dimension);
            batch.Index.Reserve(picked);
            batch.Weights.Reserve(picked);
        }

        _copies.Wait(batch.Read);
        if (picked > 0)
        {
            _copies.Launch(
                Kernel.OrderRows, (count + 255) / 256, 256, OrderArgs.Of(order, position, count, batch.Index.Pointer));
        }

        if (picksRows)
        {
            Pick(data.HostOnDevice, dimension, batch.Index.Pointer, count, batch.Values.Pointer);
        }
        else
        {
            SendRows(data, order, position, count, batch.Values.Pointer);
        }

        if (picksWeights)
        {
            Pick(data.DeviceWeights.Pointer, 1, batch.Index.Pointer, count, batch.Weights.Pointer);
        }

        batch.Sent.Record(_copies);
        stream.Wait(batch.Sent);
        return new Rows
        {
            Values = batch.Values.Pointer,
            Weights = picksWeights ? batch.Weights.Pointer : data.IsWeighted ? data.DeviceWeights.At(position) : 0,
            Dimension = dimension,
            Count = count,
        };
    }

    /// <summary>Says that the stream's work so far is all that reads the batch sent last.</summary>
    public void Release(CudaStream stream)
    {
        _batches[_nextBatch].Read.Record(stream);
        _nextBatch = (_nextBatch + 1) % BatchCount;
    }

    /// <summary>Copies all rows to the GPU, where they stay.</summary>
    public void SendAll(CudaData data, ulong to)
    {
        SendRows(data, RowOrder.Sequential(data.Count), 0, data.Count, to);
        _copies.Synchronize();
    }

    /// <summary>Waits until nothing is on its way: what rows were sent from may then go.</summary>
    public void Finish()
    {
        // Rows that are collected end when they will, which may be while the engine does.
        lock (_ending)
        {
            _copies.Finish();
        }
    }

    public void Dispose()
    {
        lock (_ending)
        {
            _copies.Finish();
            _copies.Dispose();
        }

        foreach (Chunk chunk in _chunks.SelectMany(pair => pair))
        {
            chunk.Dispose();
        }

        foreach (Batch batch in _batches)
        {
            batch.Dispose();
        }
    }

    private void Pick(ulong values, int dimension, ulong index, int count, ulong to) =>
        _copies.Launch(Kernel.GatherRows, Math.Min((count + 31) / 32, GatherBlocks), 256, new GatherArgs
        {
            Rows = new Rows { Values = values, Index = index, Dimension = dimension, Count = count },
            Values = to,
        });

    private void SendRows(CudaData data, RowOrder order, long position, long count, ulong to)
    {
        int dimension = data.Dimension;
        long rowBytes = dimension * (long)sizeof(float);
        if (order.IsSequential && data.HostOnDevice != 0)
        {
            _copies.Upload(to, data.Host + (position * dimension), count * dimension);
            return;
        }

        int each = (int)Math.Max(1, Math.Clamp(count * rowBytes / (2 * _threads), LeastChunkBytes, MostChunkBytes) / rowBytes);
        long chunks = (count + each - 1) / each;
        Chunk[] SendOne(long i, Chunk[] pair)
        {
            int n = (int)Math.Min(each, count - (i * each));
            SendChunk(pair[0], data, order, position + (i * each), n, to + (ulong)(i * each * rowBytes));
            return [pair[1], pair[0]];
        }

        if (chunks == 1)
        {
            Chunk[] pair = TakeChunks();
            try
            {
                pair = SendOne(0, pair);
            }
            finally
            {
                KeepChunks(pair);
            }

            return;
        }

        try
        {
            Parallel.For(
                0, chunks, new ParallelOptions { MaxDegreeOfParallelism = _threads }, TakeChunks, (i, _, pair) => SendOne(i, pair), KeepChunks);
        }
        catch (AggregateException error)
        {
            // What a source throws reaches the caller as it was thrown.
            ExceptionDispatchInfo.Throw(error.InnerExceptions[0]);
        }
    }

    /// <summary>For the thread that calls: a buffer to fill, and one that is on its way.</summary>
    private Chunk[] TakeChunks()
    {
        lock (_chunks)
        {
            if (_chunks.TryPop(out Chunk[]? pair))
            {
                return pair;
            }
        }

        using CudaContext.Scope scope = _context.Enter();
        return [new(_context), new(_context)];
    }

    private void KeepChunks(Chunk[] pair)
    {
        lock (_chunks)
        {
            _chunks.Push(pair);
        }
    }

    private void SendChunk(Chunk chunk, CudaData data, RowOrder order, long position, int count, ulong to)
    {
        using CudaContext.Scope scope = _context.Enter();
        long values = count * (long)data.Dimension;
        chunk.Sent.Synchronize();
        chunk.Host.Reserve(Math.Max(MostChunkBytes, values * sizeof(float)));
        Fill(data, order, position, count, (float*)chunk.Host.Address);
        _copies.Upload(to, (float*)chunk.Host.Address, values);
        chunk.Sent.Record(_copies);
    }

    private static void Fill(CudaData data, RowOrder order, long position, int count, float* to)
    {
        int dimension = data.Dimension;
        var values = new Span<float>(to, count * dimension);
        if (order.IsSequential)
        {
            if (data.Host != null)
            {
                HostCopy.Copy(to, data.Host + (position * dimension), values.Length);
            }
            else
            {
                data.Source.Read(position, values);
            }

            return;
        }

        long[] rented = ArrayPool<long>.Shared.Rent(count);
        Span<long> rows = rented.AsSpan(0, count);
        order.CopyTo(position, rows);
        if (data.Host != null)
        {
            HostCopy.Gather(to, data.Host, rows, dimension);
        }
        else
        {
            data.Source.Gather(rows, values);
        }

        ArrayPool<long>.Shared.Return(rented);
    }

    /// <summary>A pinned buffer, and the mark behind the copy from it: after that it may be filled again.</summary>
    private sealed class Chunk(CudaContext context) : IDisposable
    {
        public PinnedBuffer Host { get; } = new(context);

        public CudaEvent Sent { get; } = new();

        public void Dispose()
        {
            Host.Dispose();
            Sent.Dispose();
        }
    }

    /// <summary>Buffers on the GPU, and the marks behind what fills them and what reads them.</summary>
    private sealed class Batch(DeviceMemory memory) : IDisposable
    {
        public DeviceBuffer<float> Values { get; } = new(memory, "rows on their way");

        public DeviceBuffer<float> Weights { get; } = new(memory, "weights on their way");

        public DeviceBuffer<long> Index { get; } = new(memory, "the order of rows on their way");

        public CudaEvent Sent { get; } = new();

        public CudaEvent Read { get; } = new();

        public void Dispose()
        {
            Values.Dispose();
            Weights.Dispose();
            Index.Dispose();
            Sent.Dispose();
            Read.Dispose();
        }
    }
}
