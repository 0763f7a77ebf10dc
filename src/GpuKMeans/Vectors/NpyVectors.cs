using System.Buffers;
using System.IO.MemoryMappedFiles;
using System.Numerics.Tensors;

namespace GpuKMeans;

/// <summary>Rows of a .npy file mapped into memory.</summary>
internal sealed unsafe class NpyVectors : VectorSource, IPinnable
{
    private readonly MemoryMappedFile? _file;
    private readonly MemoryMappedViewAccessor? _view;
    private readonly long _offset;
    private readonly int _valueSize;

    public NpyVectors(string path, NpyHeader header)
        : base(header.Count, header.Dimension)
    {
        _valueSize = header.ValueSize;
        if (header.Count > 0)
        {
            _file = MemoryMappedFile.CreateFromFile(path, FileMode.Open, null, 0, MemoryMappedFileAccess.Read);
            _view = _file.CreateViewAccessor(0, 0, MemoryMappedFileAccess.Read);
            _offset = _view.PointerOffset + header.DataOffset;
        }
    }

    public override void Read(long start, Span<float> destination)
    {
        CheckRange(start, destination);
        if (destination.IsEmpty)
        {
            return;
        }

        byte* source = Acquire() + (start * Dimension * _valueSize);
        try
        {
            if (_valueSize == sizeof(float))
            {
                new ReadOnlySpan<float>(source, destination.Length).CopyTo(destination);
            }
            else
            {
                TensorPrimitives.ConvertTruncating(new ReadOnlySpan<double>(source, destination.Length), destination);
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
        if (_valueSize != sizeof(float) || _view is null)
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

    private byte* Acquire()
    {
        byte* start = null;
        _view!.SafeMemoryMappedViewHandle.AcquirePointer(ref start);
        return start + _offset;
    }
}
