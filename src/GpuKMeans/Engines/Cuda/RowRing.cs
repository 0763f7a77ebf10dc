using System.Buffers;
using GpuKMeans.Engines.Cuda.Driver;

namespace GpuKMeans.Engines.Cuda;

/// <summary>
/// The way of rows to the GPU: small pinned buffers, filled in turn by several threads, each copied while the next is
/// filled; and a few buffers on the GPU, each filled while the ones before are computed on.
/// </summary>
internal sealed unsafe class RowRing : IDisposable
{
    private const int PieceCount = 4;
    private const int PieceBytes = 8 << 20;
    private const int BatchCount = 3;
    private const int MostThreads = 8;

    // What a thread takes at once: of rows that follow one another, and of rows that lie anywhere.
    private const int RunBytes = 1 << 20;
    private const int ScatteredBytes = 1 << 16;

    private readonly CudaStream _copies;
    private readonly Piece[] _pieces;
    private readonly Batch[] _batches;
    private int _nextPiece;
    private int _nextBatch;

    public RowRing(CudaContext context, DeviceMemory memory)
    {
        _copies = new CudaStream(context);
        _pieces = [.. Enumerable.Range(0, PieceCount).Select(_ => new Piece())];
        _batches = [.. Enumerable.Range(0, BatchCount).Select(_ => new Batch(memory))];
    }

    /// <summary>Sends a batch, its weights behind its rows, and lets the stream wait for it.</summary>
    /// <param name="data">The rows.</param>
    /// <param name="order">The order they are taken in.</param>
    /// <param name="position">The first place.</param>
    /// <param name="count">How many rows.</param>
    /// <param name="stream">The stream that will read them; <see cref="Release"/> says when it has.</param>
    public Rows Send(CudaData data, RowOrder order, long position, int count, CudaStream stream)
    {
        Batch batch = _batches[_nextBatch];
        long values = count * (long)data.Dimension, total = values + (data.IsWeighted ? count : 0);
        if (total > batch.Values.Capacity)
        {
            // Kernels may still read what is about to be freed.
            stream.Synchronize();
            batch.Values.Reserve(total);
        }

        _copies.Wait(batch.Read);
        SendRows(data, order, position, count, batch.Values.Pointer);
        if (data.IsWeighted)
        {
            SendWeights(data, order, position, count, batch.Values.At(values));
        }

        batch.Sent.Record(_copies);
        stream.Wait(batch.Sent);
        return new Rows
        {
            Values = batch.Values.Pointer,
            Weights = data.IsWeighted ? batch.Values.At(values) : 0,
            Dimension = data.Dimension,
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

    public void Dispose()
    {
        _ = CudaNative.cuStreamSynchronize(_copies.Handle);
        foreach (Piece piece in _pieces)
        {
            piece.Dispose();
        }

        foreach (Batch batch in _batches)
        {
            batch.Dispose();
        }

        _copies.Dispose();
    }

    private void SendRows(CudaData data, RowOrder order, long position, long count, ulong to)
    {
        int most = Math.Max(1, PieceBytes / sizeof(float) / data.Dimension);
        for (long done = 0; done < count; done += most)
        {
            int n = (int)Math.Min(most, count - done);
            long first = done * data.Dimension, values = n * (long)data.Dimension;
            Piece piece = NextPiece(values);
            FillRows(data, order, position + done, n, piece.Host.Address);
            _copies.Upload(to + ((ulong)first * sizeof(float)), (float*)piece.Host.Address, values);
            piece.Sent.Record(_copies);
        }
    }

    private void SendWeights(CudaData data, RowOrder order, long position, int count, ulong to)
    {
        Piece piece = NextPiece(count);
        ReadOnlySpan<float> weights = data.Weights;
        Span<float> target = piece.Host.Span<float>(0, count);
        for (int i = 0; i < count; i++)
        {
            target[i] = weights[(int)order[position + i]];
        }

        _copies.Upload<float>(to, target);
        piece.Sent.Record(_copies);
    }

    /// <summary>The pinned buffer whose copy is the longest ago, once it is made.</summary>
    private Piece NextPiece(long values)
    {
        Piece piece = _pieces[_nextPiece];
        _nextPiece = (_nextPiece + 1) % PieceCount;
        piece.Sent.Synchronize();
        piece.Host.Reserve(values * sizeof(float));
        return piece;
    }

    private static void FillRows(CudaData data, RowOrder order, long position, int count, nint to)
    {
        int dimension = data.Dimension;
        int each = Math.Max(1, (order.HalfBits == 0 ? RunBytes : ScatteredBytes) / sizeof(float) / dimension);
        void FillBlock(int block)
        {
            int first = block * each, n = Math.Min(each, count - first);
            var values = new Span<float>((float*)to + (first * (long)dimension), n * dimension);
            if (order.HalfBits == 0)
            {
                data.Source.Read(position + first, values);
                return;
            }

            long[] rows = ArrayPool<long>.Shared.Rent(n);
            for (int i = 0; i < n; i++)
            {
                rows[i] = order[position + first + i];
            }

            data.Source.Gather(rows.AsSpan(0, n), values);
            ArrayPool<long>.Shared.Return(rows);
        }

        int blocks = (count + each - 1) / each;
        if (blocks == 1)
        {
            FillBlock(0);
            return;
        }

        Parallel.For(
            0, blocks, new ParallelOptions { MaxDegreeOfParallelism = Math.Min(MostThreads, Environment.ProcessorCount) }, FillBlock);
    }

    /// <summary>A pinned buffer, and the mark behind the copy from it: after that it may be filled again.</summary>
    private sealed class Piece : IDisposable
    {
        public PinnedBuffer Host { get; } = new();

        public CudaEvent Sent { get; } = new();

        public void Dispose()
        {
            Host.Dispose();
            Sent.Dispose();
        }
    }

    /// <summary>A buffer on the GPU, and the marks behind what fills it and what reads it.</summary>
    private sealed class Batch(DeviceMemory memory) : IDisposable
    {
        public DeviceBuffer<float> Values { get; } = new(memory, "rows on their way");

        public CudaEvent Sent { get; } = new();

        public CudaEvent Read { get; } = new();

        public void Dispose()
        {
            Values.Dispose();
            Sent.Dispose();
            Read.Dispose();
        }
    }
}
