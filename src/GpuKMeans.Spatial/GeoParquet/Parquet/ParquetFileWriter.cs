using System.Buffers.Binary;

namespace GpuKMeans.Spatial.Parquet;

/// <summary>Writes a Parquet file to a stream from its start: row groups as they come, then the footer.</summary>
/// <remarks>
/// Holds one page at a time, and for the column at hand a number or two for each row of the row group. What is written
/// is never changed, so row groups can come from a source of any length. The blocks that make the file come from one
/// place; the pairs of methods differ in how they put a block in the stream.
/// </remarks>
internal sealed class ParquetFileWriter(Stream stream, ParquetSchema schema, ParquetCompression compression)
{
    private static ReadOnlyMemory<byte> Magic { get; } = "PAR1"u8.ToArray();

    private readonly ColumnChunkEncoder _encoder = new(compression);
    private readonly List<RowGroup> _rowGroups = [];
    private long _position;

    /// <summary>Appends rows as one row group.</summary>
    /// <param name="columns">A column for each leaf of the schema, in its order.</param>
    /// <param name="start">The first row.</param>
    /// <param name="count">The number of rows, at least one.</param>
    /// <param name="cancellationToken">Looked at before each block.</param>
    public void WriteRowGroup(IReadOnlyList<ParquetColumn> columns, int start, int count, CancellationToken cancellationToken) =>
        Write(RowGroupBlocks(columns, start, count), cancellationToken);

    /// <inheritdoc cref="WriteRowGroup"/>
    public Task WriteRowGroupAsync(IReadOnlyList<ParquetColumn> columns, int start, int count, CancellationToken cancellationToken) =>
        WriteAsync(RowGroupBlocks(columns, start, count), cancellationToken);

    /// <summary>Writes the footer, which makes the file whole.</summary>
    /// <param name="metadata">Keys and values for the whole file.</param>
    /// <param name="cancellationToken">Looked at before each block.</param>
    public void Finish(IReadOnlyList<KeyValuePair<string, string>> metadata, CancellationToken cancellationToken) =>
        Write(FooterBlocks(metadata), cancellationToken);

    /// <inheritdoc cref="Finish"/>
    public Task FinishAsync(IReadOnlyList<KeyValuePair<string, string>> metadata, CancellationToken cancellationToken) =>
        WriteAsync(FooterBlocks(metadata), cancellationToken);

    private void Write(IEnumerable<ReadOnlyMemory<byte>> blocks, CancellationToken cancellationToken)
    {
        foreach (ReadOnlyMemory<byte> block in blocks)
        {
            cancellationToken.ThrowIfCancellationRequested();
            stream.Write(block.Span);
            _position += block.Length;
        }
    }

    private async Task WriteAsync(IEnumerable<ReadOnlyMemory<byte>> blocks, CancellationToken cancellationToken)
    {
        foreach (ReadOnlyMemory<byte> block in blocks)
        {
            await stream.WriteAsync(block, cancellationToken).ConfigureAwait(false);
            _position += block.Length;
        }
    }

    private IEnumerable<ReadOnlyMemory<byte>> RowGroupBlocks(IReadOnlyList<ParquetColumn> columns, int start, int count)
    {
        if (_position == 0)
        {
            yield return Magic;
        }

        var chunks = new ColumnChunk[columns.Count];
        for (int i = 0; i < chunks.Length; i++)
        {
            foreach (ReadOnlyMemory<byte> block in _encoder.Encode(columns[i], start, count, _position))
            {
                yield return block;
            }

            chunks[i] = _encoder.Chunk!;
        }

        _rowGroups.Add(new RowGroup(count, chunks));
    }

    private IEnumerable<ReadOnlyMemory<byte>> FooterBlocks(IReadOnlyList<KeyValuePair<string, string>> metadata)
    {
        if (_position == 0)
        {
            yield return Magic;
        }

        var footer = new ByteBuffer();
        ParquetFooter.Write(footer, schema, compression, _rowGroups, metadata);
        yield return footer.WrittenMemory;

        byte[] length = new byte[sizeof(int)];
        BinaryPrimitives.WriteInt32LittleEndian(length, footer.Length);
        yield return length;
        yield return Magic;
    }
}
