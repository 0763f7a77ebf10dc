using System.Buffers;

namespace GpuKMeans.Engines.Cpu;

/// <summary>Rows for the CPU engine: read in place where they lie in memory as float32, else copied a block at a time.</summary>
internal sealed unsafe class CpuData : EngineData
{
    private MemoryHandle _rows;
    private MemoryHandle _weights;

    public CpuData(VectorSource source, ReadOnlyMemory<float> weights, RowFrame frame)
        : base(source.Count, source.Dimension, frame)
    {
        Source = source;
        if (!frame.Normalize && source.TryPin(out _rows))
        {
            Rows = (float*)_rows.Pointer;
        }

        if (!weights.IsEmpty)
        {
            try
            {
                _weights = weights.Pin();
            }
            catch
            {
                _rows.Dispose();
                throw;
            }

            Weights = (float*)_weights.Pointer;
        }
    }

    public VectorSource Source { get; }

    /// <summary>What errors call row 0.</summary>
    public long FirstRow { get; init; }

    /// <summary>The first row, where rows are read in place; else null.</summary>
    public float* Rows { get; }

    /// <summary>The weights; null where all are 1.</summary>
    public float* Weights { get; }

    /// <summary>The labels of the last Lloyd pass; null before the first.</summary>
    public NativeBuffer<int>? Labels { get; set; }

    /// <summary>The squared distances of the last Lloyd pass; null before the first.</summary>
    public NativeBuffer<float>? Distances { get; set; }

    /// <summary>The last Lloyd pass's bounds on the distance to all centres but a row's own; null before the first.</summary>
    public NativeBuffer<float>? Bounds { get; set; }

    /// <summary>The engine that made the bounds.</summary>
    public CpuEngine? BoundsEngine { get; set; }

    /// <summary>What the engine counted when it made them.</summary>
    public long BoundsVersion { get; set; }

    /// <summary>Copies rows, scaled to unit length where the frame says so.</summary>
    /// <param name="rows">The rows.</param>
    /// <param name="destination">Takes them one after another.</param>
    public void Copy(ReadOnlySpan<long> rows, float* destination)
    {
        Source.Gather(rows, new Span<float>(destination, rows.Length * Dimension));
        for (int i = 0; i < rows.Length; i++)
        {
            Normalize(destination + (i * (long)Dimension), rows[i]);
        }
    }

    /// <summary>Copies consecutive rows, scaled to unit length where the frame says so.</summary>
    /// <param name="first">The first row.</param>
    /// <param name="count">How many.</param>
    /// <param name="destination">Takes them one after another.</param>
    public void CopyRange(long first, int count, float* destination)
    {
        Source.Read(first, new Span<float>(destination, count * Dimension));
        for (int i = 0; i < count; i++)
        {
            Normalize(destination + (i * (long)Dimension), first + i);
        }
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _rows.Dispose();
            _weights.Dispose();
            Labels?.Dispose();
            Distances?.Dispose();
            Bounds?.Dispose();
        }
    }

    private void Normalize(float* row, long number)
    {
        if (Frame.Normalize)
        {
            UnitLength.Scale(new Span<float>(row, Dimension), FirstRow + number);
        }
    }
}
