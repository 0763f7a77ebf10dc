using System.Runtime.CompilerServices;

namespace GpuKMeans.Spatial;

/// <summary>
/// Sorts batches by <see cref="HilbertOrder"/> within bounded memory: stretches that fit are sorted and put into temporary
/// files, which are then merged.
/// </summary>
internal sealed class HilbertSorter(string folder, GeoParquetOptions options) : IDisposable
{
    private const int BufferSize = 1 << 16;
    private const int BatchRows = 4096;

    private readonly List<FileStream> _files = [];
    private readonly List<int> _counts = [];

    // The stretch at hand: rows as bytes, and where each begins.
    private readonly MemoryStream _rows = new();
    private readonly List<(ulong Place, int Start)> _places = [];
    private FeatureBuffer? _form;

    /// <summary>The rows in order, in batches of some size.</summary>
    public async IAsyncEnumerable<ClusteredFeatures> Sort(
        IAsyncEnumerable<ClusteredFeatures> batches, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using (var writer = new BinaryWriter(_rows, System.Text.Encoding.UTF8, leaveOpen: true))
        {
            long row = 0;
            await foreach (ClusteredFeatures batch in Ahead.Of(batches, cancellationToken).ConfigureAwait(false))
            {
                _form ??= new FeatureBuffer(batch);
                _form.Check(batch, row);
                for (int i = 0; i < batch.Count; i++)
                {
                    _places.Add((HilbertOrder.PlaceOf(batch.Geometries?[i]), (int)_rows.Length));
                    _form.Write(writer, batch, i);

                    // The rows, their places, and room to grow into twice that; and what one piece of memory holds.
                    if ((_rows.Length + (16L * _places.Count)) * 3 > options.SortMemory || _rows.Length > 1 << 30)
                    {
                        Spill();
                    }
                }

                row += batch.Count;
            }
        }

        if (_form is null)
        {
            throw SpatialErrors.NoBatches();
        }

        Spill();
        _rows.SetLength(0);
        _rows.Capacity = 0;
        yield return _form.Take();
        foreach (ClusteredFeatures batch in Merge(cancellationToken))
        {
            yield return batch;
        }
    }

    /// <summary>Removes the temporary files.</summary>
    public void Dispose()
    {
        _rows.Dispose();
        _files.ForEach(file => file.Dispose());
    }

    private void Spill()
    {
        if (_places.Count == 0)
        {
            return;
        }

        var file = new FileStream(
            Path.Combine(folder, $".gpukmeans-{Guid.NewGuid():N}.tmp"),
            FileMode.CreateNew,
            FileAccess.ReadWrite,
            FileShare.None,
            BufferSize,
            FileOptions.DeleteOnClose);
        _files.Add(file);
        _counts.Add(_places.Count);
        int[] order = [.. Enumerable.Range(0, _places.Count)];
        Array.Sort(order, (a, b) => _places[a].Place != _places[b].Place ? _places[a].Place.CompareTo(_places[b].Place) : a.CompareTo(b));
        ReadOnlySpan<byte> rows = _rows.GetBuffer().AsSpan(0, (int)_rows.Length);
        Span<byte> head = stackalloc byte[sizeof(ulong)];
        foreach (int i in order)
        {
            int end = i + 1 < _places.Count ? _places[i + 1].Start : rows.Length;
            BitConverter.TryWriteBytes(head, _places[i].Place);
            file.Write(head);
            file.Write(rows[_places[i].Start..end]);
        }

        file.Flush();
        _places.Clear();
        _rows.SetLength(0);
    }

    private IEnumerable<ClusteredFeatures> Merge(CancellationToken cancellationToken)
    {
        var next = new PriorityQueue<BinaryReader, (ulong Place, int File)>();
        for (int i = 0; i < _files.Count; i++)
        {
            _files[i].Position = 0;
            var reader = new BinaryReader(_files[i], System.Text.Encoding.UTF8, leaveOpen: true);
            next.Enqueue(reader, (reader.ReadUInt64(), i));
        }

        // At one place, rows of an earlier file came earlier.
        while (next.TryDequeue(out BinaryReader? reader, out (ulong Place, int File) key))
        {
            _form!.Read(reader);
            if (--_counts[key.File] > 0)
            {
                next.Enqueue(reader, (reader.ReadUInt64(), key.File));
            }
            else
            {
                reader.Dispose();
            }

            if (_form.Count == BatchRows)
            {
                cancellationToken.ThrowIfCancellationRequested();
                yield return _form.Take();
            }
        }

        if (_form!.Count > 0)
        {
            yield return _form.Take();
        }
    }
}
