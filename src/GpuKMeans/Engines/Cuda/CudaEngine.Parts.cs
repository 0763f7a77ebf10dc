using GpuKMeans.Engines.Cuda.Driver;

namespace GpuKMeans.Engines.Cuda;

/// <content>Taking rows part by part, wherever they are.</content>
internal sealed partial class CudaEngine
{
    /// <summary>The most rows of a part, as they are summed and streamed.</summary>
    private const int MostPartRows = 1 << 20;

    /// <summary>The most rows that are assigned at once.</summary>
    private const int MostAssignRows = 1 << 22;

    /// <summary>The rows of a block of totals: pieces are multiples of it.</summary>
    private const int LeastAssignRows = 1024;

    private const int PartValues = 1 << 25;

    // Of an order, so many numbers are worked out at once.
    private const int MostOrderedRows = 1 << 18;

    // The numbers that are in the index: of this order, from this place on.
    private RowOrder _indexOrder;
    private long _indexStart;
    private long _indexCount;

    // As many rows at once as there has been room to assign.
    private int _mostAssigned = MostAssignRows;

    /// <summary>
    /// Rows of a part, as they are summed and streamed. It follows from the dimension alone, so that sums are the same bits
    /// wherever the rows are.
    /// </summary>
    private static int PartRows(int dimension) => Math.Clamp(PartValues / dimension / 1024 * 1024, 1024, MostPartRows);

    /// <summary>
    /// Rows that are assigned at once: more, where they are on the GPU, so that it is full for longer, about the same number each time,
    /// and as many as all blocks take together, or a multiple, so that none waits for the last of a part.
    /// </summary>
    private int AssignRows(CudaData data, long count)
    {
        if (!data.IsResident)
        {
            return PartRows(data.Dimension);
        }

        // What is worked with beside them is a small part of the GPU's memory; where even that is taken, see AssignInPieces.
        long rowBytes = 96 + (2L * data.Dimension), room = _context.Device.Memory / 32 / rowBytes;
        return (int)EvenParts(count, Math.Clamp(room, LeastAssignRows, MostAssignRows), _plan!.Assign.WaveRows);
    }

    /// <summary>The rows of parts that are about the same, and of whole waves where a part has many.</summary>
    /// <param name="count">The rows.</param>
    /// <param name="most">The most rows of a part.</param>
    /// <param name="wave">The rows that all blocks take at once.</param>
    internal static long EvenParts(long count, long most, long wave)
    {
        long parts = Math.Max(Blocks(count, most), 1), each = Blocks(count, parts);
        long unit = wave / Math.Min(wave & -wave, LeastAssignRows) * LeastAssignRows;
        return parts > 1 && unit <= each / 8
            ? Math.Min(Blocks(each, unit), most / unit) * unit
            : Blocks(each, LeastAssignRows) * LeastAssignRows;
    }

    /// <summary>Gives rows in an order, part by part. What is queued before the next is asked for may use a part.</summary>
    /// <param name="data">The rows.</param>
    /// <param name="order">The order.</param>
    /// <param name="position">The first place in it.</param>
    /// <param name="count">How many rows.</param>
    /// <param name="most">The most rows of a part.</param>
    /// <param name="before">The places of the operation before these, by which a row that cannot be used is named.</param>
    /// <param name="tapers">Whether the last become shorter where rows are streamed, so that little is left to do when all are here.</param>
    private IEnumerable<Rows> Parts(
        CudaData data, RowOrder order, long position, long count, int most, long before = 0, bool tapers = false)
    {
        int n;
        for (long done = 0; done < count; done += n)
        {
            n = (int)Math.Min(most, count - done);
            if (tapers && !data.IsResident && done + n == count && n > most / 8)
            {
                // Half of what is left, in whole blocks of totals.
                n = Math.Min(n, (int)Blocks(n / 2, LeastAssignRows) * LeastAssignRows);
            }

            Rows part = data.IsResident
                ? ResidentPart(data, order, position + done, n)
                : _ring.Send(data, order, position + done, n, _stream);
            part.Before = done;
            if (!data.IsResident && data.Frame.Normalize)
            {
                Normalize(part with { Before = before + done });
            }

            try
            {
                yield return part;
            }
            finally
            {
                if (!data.IsResident)
                {
                    _ring.Release(_stream);
                }
            }
        }
    }

    /// <summary>
    /// Assigns a part: at once, or where the GPU has no room for what that takes, in pieces, which changes no bit. What is found for
    /// each is where it is wanted, or in the work buffers until the next is asked for.
    /// </summary>
    private IEnumerable<Rows> AssignInPieces(Rows part, bool measures = true, ulong labels = 0, ulong distances = 0)
    {
        for (int done = 0; done < part.Count;)
        {
            Rows piece = Slice(part, done, Math.Min(part.Count - done, _mostAssigned));
            try
            {
                ulong before = (ulong)done * sizeof(int);
                AssignPart(piece, measures, labels == 0 ? 0 : labels + before, distances == 0 ? 0 : distances + before);
            }
            catch (InsufficientMemoryException) when (piece.Count > LeastAssignRows)
            {
                // What the pieces before have found may still be on its way from there.
                _stream.Synchronize();
                _work.FreeAssigned();
                ForgetUndecided();
                _mostAssigned = (int)Blocks(piece.Count / 2, LeastAssignRows) * LeastAssignRows;
                continue;
            }

            yield return piece;
            done += piece.Count;
        }
    }

    /// <summary>Some of the rows of a part.</summary>
    private static Rows Slice(in Rows part, int first, int count) => part.Index != 0
        ? part with { Index = part.Index + ((ulong)first * sizeof(long)), Before = part.Before + first, Count = count }
        : part with { Start = part.Start + first, Before = part.Before + first, Count = count };

    private Rows ResidentPart(CudaData data, RowOrder order, long position, int count)
    {
        var rows = new Rows
        {
            Values = data.Rows.Pointer,
            Weights = data.DeviceWeights.Pointer,
            Dimension = data.Dimension,
            Count = count,
        };
        if (order.HalfBits == 0)
        {
            rows.Start = position;
            return rows;
        }

        rows.Index = OrderedRows(order, position, count);
        return rows;
    }

    /// <summary>The numbers of the rows at consecutive places of an order, on the GPU.</summary>
    private ulong OrderedRows(in RowOrder order, long position, int count)
    {
        if (order != _indexOrder || position < _indexStart || position + count > _indexStart + _indexCount)
        {
            _indexCount = 0;
            int ordered = (int)Math.Min(Math.Max(count, MostOrderedRows), order.Count - position);
            ulong index = _work.Index.Reserve(ordered);
            _stream.Launch(Kernel.OrderRows, Blocks(ordered, 256), 256, OrderArgs.Of(order, position, ordered, index));
            (_indexOrder, _indexStart, _indexCount) = (order, position, ordered);
        }

        return _work.Index.At(position - _indexStart);
    }

    /// <summary>A few rows that lie anywhere, on the GPU.</summary>
    private Rows Listed(CudaData data, ReadOnlySpan<long> numbers)
    {
        var rows = new Rows { Dimension = data.Dimension, Count = numbers.Length };
        if (data.IsResident)
        {
            rows.Values = data.Rows.Pointer;
            rows.Index = _work.ListedIndex.Reserve(numbers.Length);
            _stream.Upload(rows.Index, numbers);
            return rows;
        }

        float[] values = new float[numbers.Length * data.Dimension];
        data.Source.Gather(numbers, values);
        for (int i = 0; i < numbers.Length && data.Frame.Normalize; i++)
        {
            Cpu.UnitLength.Scale(values.AsSpan(i * data.Dimension, data.Dimension), numbers[i]);
        }

        rows.Values = _work.Listed.Reserve(values.Length);
        _stream.Upload<float>(rows.Values, values);
        return rows;
    }
}
