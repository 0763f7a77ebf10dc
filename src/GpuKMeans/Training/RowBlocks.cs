using System.Runtime.CompilerServices;
using System.Threading.Channels;

namespace GpuKMeans;

/// <summary>Rows of a stream that are in memory together.</summary>
/// <param name="Rows">The rows, as long as the next block has not been asked for.</param>
/// <param name="FirstRow">Which row of the stream the first of them is.</param>
/// <param name="Index">Which block of the stream this is.</param>
/// <param name="IsLast">Whether the stream ends with it.</param>
internal readonly record struct RowBlock(VectorSource Rows, long FirstRow, int Index, bool IsLast)
{
    public long EndRow => FirstRow + Rows.Count;
}

/// <summary>
/// Reads a stream block by block, one block ahead of whoever works on them: two blocks are in memory, and reading waits
/// when both are full. One reading is under way at a time; the memory is kept from one to the next.
/// </summary>
/// <param name="stream">The rows.</param>
/// <param name="blockRows">Rows a block; the last may be shorter.</param>
internal sealed class RowBlocks(VectorStream stream, int blockRows)
{
    private readonly Stack<float[]> _buffers = new([[], []]);

    /// <summary>Rows a block.</summary>
    public int BlockRows => blockRows;

    /// <summary>Reads the stream.</summary>
    /// <param name="first">The first block wanted; the rows before it are read and dropped.</param>
    /// <param name="cancellationToken">Stops reading.</param>
    public async IAsyncEnumerable<RowBlock> Read(int first, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var full = Channel.CreateBounded<Filled>(1);
        var empty = Channel.CreateUnbounded<float[]>();
        while (_buffers.TryPop(out float[]? buffer))
        {
            empty.Writer.TryWrite(buffer);
        }

        int length = blockRows * stream.Dimension;
        var filler = new Filler(stream, length, first * (long)length, full.Writer, empty);
        float[]? lent = null;
        Task reading = Task.Run(() => filler.Run(stop.Token), CancellationToken.None);
        try
        {
            int index = first;
            await foreach ((float[] values, int filled, bool isLast) in full.Reader.ReadAllAsync(cancellationToken).ConfigureAwait(false))
            {
                lent = values;
                VectorSource rows = VectorSource.FromMemory(values.AsMemory(0, filled), stream.Dimension);
                yield return new RowBlock(rows, index * (long)blockRows, index, isLast);
                index++;
                lent = null;
                empty.Writer.TryWrite(values);
            }

            await reading.ConfigureAwait(false);
        }
        finally
        {
            // Nobody wants the rest: how reading it ends is of no interest, but it must have ended.
            await stop.CancelAsync().ConfigureAwait(false);
            await reading.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            while (full.Reader.TryRead(out Filled filled))
            {
                _buffers.Push(filled.Values);
            }

            while (empty.Reader.TryRead(out float[]? buffer))
            {
                _buffers.Push(buffer);
            }

            if (lent is not null)
            {
                _buffers.Push(lent);
            }
        }
    }

    private readonly record struct Filled(float[] Values, int Length, bool IsLast);

    private sealed class Filler(VectorStream stream, int length, long skip, ChannelWriter<Filled> full, Channel<float[]> empty)
    {
        private float[]? _values;
        private int _filled;
        private long _row;

        public async Task Run(CancellationToken cancellationToken)
        {
            Exception? error = null;
            try
            {
                await foreach (ReadOnlyMemory<float> batch in stream.ReadAsync(cancellationToken)
                    .WithCancellation(cancellationToken).ConfigureAwait(false))
                {
                    cancellationToken.ThrowIfCancellationRequested();
                    if (batch.Length % stream.Dimension != 0)
                    {
                        throw KMeansErrors.BatchLength(_row, batch.Length, stream.Dimension);
                    }

                    _row += batch.Length / stream.Dimension;
                    int dropped = (int)Math.Min(skip, batch.Length);
                    skip -= dropped;
                    await Add(batch[dropped..], cancellationToken).ConfigureAwait(false);
                }

                await Send(isLast: true, cancellationToken).ConfigureAwait(false);
            }
            catch (Exception e)
            {
                error = e;
                throw;
            }
            finally
            {
                if (_values is not null)
                {
                    empty.Writer.TryWrite(_values);
                }

                full.Complete(error);
            }
        }

        private async ValueTask Add(ReadOnlyMemory<float> batch, CancellationToken cancellationToken)
        {
            while (!batch.IsEmpty)
            {
                // A full block goes out when there is more, so that it is known whether it is the last.
                if (_filled == length)
                {
                    await Send(isLast: false, cancellationToken).ConfigureAwait(false);
                }

                _values ??= await empty.Reader.ReadAsync(cancellationToken).ConfigureAwait(false);
                int part = Math.Min(batch.Length, length - _filled);
                if (_values.Length < _filled + part)
                {
                    // Streams shorter than a block should not cost a whole one.
                    long wanted = stream.Count * stream.Dimension ?? Math.Max(2L * _values.Length, _filled + part);
                    Array.Resize(ref _values, (int)Math.Min(length, Math.Max(wanted, _filled + part)));
                }

                batch[..part].CopyTo(_values.AsMemory(_filled));
                batch = batch[part..];
                _filled += part;
            }
        }

        private async ValueTask Send(bool isLast, CancellationToken cancellationToken)
        {
            if (_values is not null && _filled > 0)
            {
                await full.WriteAsync(new Filled(_values, _filled, isLast), cancellationToken).ConfigureAwait(false);
                (_values, _filled) = (null, 0);
            }
        }
    }
}
