using System.Buffers;
using System.IO.MemoryMappedFiles;
using System.Numerics.Tensors;

namespace GpuKMeans;

/// <summary>Rows of a .npy file mapped into memory.</summary>
internal sealed unsafe class NpyVectors : VectorSource
{
    private readonly MemoryMappedFile? _file;
    private readonly MemoryMappedViewAccessor? _view;
    private readonly byte* _values;
    private readonly int _valueSize;
    private bool _disposed;

    public NpyVectors(string path, NpyHeader header)
        : base(header.Count, header.Dimension)
    {
        _valueSize = header.ValueSize;
        if (header.Count == 0)
        {
            return;
        }

        _file = MemoryMappedFile.CreateFromFile(path, FileMode.Open, null, 0, MemoryMappedFileAccess.Read);
        _view = _file.CreateViewAccessor(0, 0, MemoryMappedFileAccess.Read);
        byte* start = null;
        _view.SafeMemoryMappedViewHandle.AcquirePointer(ref start);
        _values = start + _view.PointerOffset + header.DataOffset;
    }

    public override void Read(long start, Span<float> destination)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        CheckRange(start, destination);
        byte* source = _values + (start * Dimension * _valueSize);
        if (_valueSize == sizeof(float))
        {
            new ReadOnlySpan<float>(source, destination.Length).CopyTo(destination);
        }
        else
        {
            TensorPrimitives.ConvertTruncating<double, float>(new ReadOnlySpan<double>(source, destination.Length), destination);
        }
    }

    public override bool TryPin(out MemoryHandle handle)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);

        // The mapping does not move: nothing to fix, nothing to release. A header may leave the values unaligned.
        bool inPlace = _valueSize == sizeof(float) && (nuint)_values % sizeof(float) == 0;
        handle = inPlace ? new MemoryHandle(_values) : default;
        return inPlace;
    }

    protected override void Dispose(bool disposing)
    {
        if (!_disposed && disposing && _view is not null)
        {
            _view.SafeMemoryMappedViewHandle.ReleasePointer();
            _view.Dispose();
            _file!.Dispose();
        }

        _disposed = true;
        base.Dispose(disposing);
    }
}
