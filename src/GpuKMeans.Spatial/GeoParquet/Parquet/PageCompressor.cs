using System.IO.Compression;

namespace GpuKMeans.Spatial.Parquet;

/// <summary>Compresses pages one after the other into memory it uses again.</summary>
internal sealed class PageCompressor(ParquetCompression compression)
{
    private readonly ByteBuffer _compressed = new();
    private readonly SnappyEncoder _snappy = new();

    /// <summary>The page as it goes into the file; valid until the next call and until the page changes.</summary>
    public ReadOnlyMemory<byte> Compress(ReadOnlyMemory<byte> page)
    {
        _compressed.Clear();
        switch (compression)
        {
            case ParquetCompression.Snappy:
                _snappy.Encode(page.Span, _compressed);
                return _compressed.WrittenMemory;
            case ParquetCompression.Gzip:
                using (var gzip = new GZipStream(new Sink(_compressed), CompressionLevel.Optimal))
                {
                    gzip.Write(page.Span);
                }

                return _compressed.WrittenMemory;
            default:
                return page;
        }
    }

    /// <summary>A buffer as the stream that the framework's compressors ask for.</summary>
    private sealed class Sink(ByteBuffer buffer) : Stream
    {
        public override bool CanRead => false;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override void Write(ReadOnlySpan<byte> bytes) => buffer.Write(bytes);

        public override void Write(byte[] bytes, int offset, int count) => buffer.Write(bytes.AsSpan(offset, count));

        public override void Flush()
        {
        }

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();
    }
}
