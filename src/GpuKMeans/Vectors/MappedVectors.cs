using System.Buffers;
using System.Buffers.Binary;
using System.IO.MemoryMappedFiles;
using System.Numerics.Tensors;

namespace GpuKMeans;

/// <summary>How rows lie in a file.</summary>
/// <param name="Type">What a value is.</param>
/// <param name="Count">The number of rows.</param>
/// <param name="Dimension">The number of values in a row.</param>
/// <param name="DataOffset">Where the first row begins.</param>
/// <param name="RowPrefix">Bytes before the values of each row: 4, its dimension as an int32, or none.</param>
internal sealed record VectorLayout(VectorValue Type, long Count, int Dimension, long DataOffset, int RowPrefix = 0)
{
    public long RowBytes => RowPrefix + ((long)Dimension * (int)Type);
}

/// <summary>What a value in a file is; the number is its size in bytes.</summary>
internal enum VectorValue
{
    /// <summary>An unsigned byte.</summary>
    Byte = 1,

    /// <summary>An IEEE 754 number of 32 bits.</summary>
    Single = 4,

    /// <summary>An IEEE 754 number of 64 bits.</summary>
    Double = 8,
}

/// <summary>Rows of a file that is mapped into memory.</summary>
internal sealed unsafe class MappedVectors : VectorSource, IPinnable
{
    private readonly string _path;
    private readonly VectorLayout _layout;
    private readonly MemoryMappedFile? _file;
    private readonly MemoryMappedViewAccessor? _view;
    private readonly long _offset;

    public MappedVectors(string path, VectorLayout layout)
        : base(layout.Count, layout.Dimension)
    {
        (_path, _layout) = (path, layout);
        if (layout.Count > 0)
        {
            _file = MemoryMappedFile.CreateFromFile(path, FileMode.Open, null, 0, MemoryMappedFileAccess.Read);
            _view = _file.CreateViewAccessor(0, 0, MemoryMappedFileAccess.Read);
            _offset = _view.PointerOffset + layout.DataOffset;
        }
    }

    public override void Read(long start, Span<float> destination)
    {
        CheckRange(start, destination);
        if (destination.IsEmpty)
        {
            return;
        }

        byte* row = Acquire() + (start * _layout.RowBytes);
        try
        {
            if (_layout.RowPrefix == 0)
            {
                Convert(row, destination);
                return;
            }

            for (long number = start; !destination.IsEmpty; number++, row += _layout.RowBytes)
            {
                int values = BinaryPrimitives.ReadInt32LittleEndian(new ReadOnlySpan<byte>(row, sizeof(int)));
                if (values != Dimension)
                {
                    throw KMeansErrors.BadVectorFile(_path, $"row {number} says it holds {values} values and row 0 holds {Dimension}");
                }

                Convert(row + _layout.RowPrefix, destination[..Dimension]);
                destination = destination[Dimension..];
            }
        }
        finally
        {
            Unpin();
        }
    }

    public override bool TryPin(out MemoryHandle handle)
    {
        handle = default;
        if (_layout.Type != VectorValue.Single || _layout.RowPrefix != 0 || _view is null)
        {
            return false;
        }

        // A header may leave the values unaligned.
        byte* values = Acquire();
        bool aligned = (nuint)values % sizeof(float) == 0;
        if (aligned)
        {
            handle = new MemoryHandle(values, pinnable: this);
        }
        else
        {
            Unpin();
        }

        return aligned;
    }

    // The mapping does not move, but it must not end while somebody reads it, whoever disposes this in the meantime.
    MemoryHandle IPinnable.Pin(int elementIndex) => new(Acquire() + elementIndex, pinnable: this);

    public void Unpin() => _view!.SafeMemoryMappedViewHandle.ReleasePointer();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _view?.Dispose();
            _file?.Dispose();
        }

        base.Dispose(disposing);
    }

    private void Convert(byte* values, Span<float> destination)
    {
        switch (_layout.Type)
        {
            case VectorValue.Byte:
                TensorPrimitives.ConvertChecked(new ReadOnlySpan<byte>(values, destination.Length), destination);
                break;
            case VectorValue.Double:
                TensorPrimitives.ConvertTruncating(new ReadOnlySpan<double>(values, destination.Length), destination);
                break;
            default:
                new ReadOnlySpan<float>(values, destination.Length).CopyTo(destination);
                break;
        }
    }

    private byte* Acquire()
    {
        byte* start = null;
        _view!.SafeMemoryMappedViewHandle.AcquirePointer(ref start);
        return start + _offset;
    }
}
