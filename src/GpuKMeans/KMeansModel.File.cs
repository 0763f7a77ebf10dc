using System.Buffers.Binary;
using System.Security.Cryptography;

namespace GpuKMeans;

/// <content>
/// The file of a model, little-endian: "GPUKMEAN"; version, uint32, 1; metric, uint32, 0 Euclidean or 1 cosine; K and D,
/// int32; K counts, float64; K×D centres, float32, row after row; the SHA-256 of all before it.
/// </content>
public sealed partial class KMeansModel
{
    private const uint FileVersion = 1;
    private const int HeaderLength = 24;

    private static ReadOnlySpan<byte> Magic => "GPUKMEAN"u8;

    /// <summary>Writes the model to a file; one that is there is replaced once the new one is complete.</summary>
    /// <param name="path">The file.</param>
    public void Save(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        WholeFile.Write(path, Save);
    }

    /// <summary>Writes the model to a stream, which stays open.</summary>
    public void Save(Stream stream)
    {
        ArgumentNullException.ThrowIfNull(stream);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Span<byte> header = stackalloc byte[HeaderLength];
        Magic.CopyTo(header);
        BinaryPrimitives.WriteUInt32LittleEndian(header[8..], FileVersion);
        BinaryPrimitives.WriteUInt32LittleEndian(header[12..], Metric == Metric.Cosine ? 1u : 0u);
        BinaryPrimitives.WriteInt32LittleEndian(header[16..], ClusterCount);
        BinaryPrimitives.WriteInt32LittleEndian(header[20..], Dimension);
        Write(header);

        Span<byte> value = stackalloc byte[sizeof(double)];
        foreach (double count in _counts)
        {
            BinaryPrimitives.WriteDoubleLittleEndian(value, count);
            Write(value);
        }

        byte[] row = new byte[Dimension * sizeof(float)];
        for (int j = 0; j < ClusterCount; j++)
        {
            for (int d = 0; d < Dimension; d++)
            {
                BinaryPrimitives.WriteSingleLittleEndian(row.AsSpan(d * sizeof(float)), _centers[(j * Dimension) + d]);
            }

            Write(row);
        }

        stream.Write(hash.GetHashAndReset());

        void Write(ReadOnlySpan<byte> bytes)
        {
            hash.AppendData(bytes);
            stream.Write(bytes);
        }
    }

    /// <summary>Reads a model from a file that <see cref="Save(string)"/> has written.</summary>
    /// <param name="path">The file.</param>
    /// <param name="device">Where rows will be placed.</param>
    /// <param name="maxDegreeOfParallelism">The most threads of the CPU engine; −1 for one a core.</param>
    /// <param name="precision">What the nearest centres are looked for in. Not stored in the file, for results do not depend on it.</param>
    /// <exception cref="InvalidDataException">The file is no model, is cut short, altered, or of a later version.</exception>
    public static KMeansModel Load(
        string path, Device device = default, int maxDegreeOfParallelism = -1, Precision precision = Precision.Auto)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        using FileStream stream = File.OpenRead(path);
        return Load(stream, device, maxDegreeOfParallelism, precision);
    }

    /// <summary>Reads a model from a stream, which stays open, up to the end of the model.</summary>
    /// <param name="stream">The stream.</param>
    /// <param name="device">Where rows will be placed.</param>
    /// <param name="maxDegreeOfParallelism">The most threads of the CPU engine; −1 for one a core.</param>
    /// <param name="precision">What the nearest centres are looked for in. Not stored in the file, for results do not depend on it.</param>
    /// <exception cref="InvalidDataException">The data is no model, is cut short, altered, or of a later version.</exception>
    public static KMeansModel Load(
        Stream stream, Device device = default, int maxDegreeOfParallelism = -1, Precision precision = Precision.Auto)
    {
        ArgumentNullException.ThrowIfNull(stream);
        _ = new KMeansOptions { MaxDegreeOfParallelism = maxDegreeOfParallelism, Precision = precision }.Validated();
        byte[] header = Read(stream, HeaderLength);
        if (!header.AsSpan(0, 8).SequenceEqual(Magic))
        {
            throw KMeansErrors.BadModel("it does not begin with \"GPUKMEAN\"");
        }

        uint version = BinaryPrimitives.ReadUInt32LittleEndian(header.AsSpan(8));
        if (version != FileVersion)
        {
            throw KMeansErrors.BadModel($"its version is {version} and this library reads version {FileVersion}");
        }

        uint metric = BinaryPrimitives.ReadUInt32LittleEndian(header.AsSpan(12));
        int clusters = BinaryPrimitives.ReadInt32LittleEndian(header.AsSpan(16));
        int dimension = BinaryPrimitives.ReadInt32LittleEndian(header.AsSpan(20));
        if (metric > 1 || clusters < 1 || dimension < 1 || (long)clusters * dimension > Array.MaxLength)
        {
            throw KMeansErrors.BadModel($"its header says metric {metric}, {clusters} clusters, {dimension} columns");
        }

        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(header);
        double[] counts = Read<double>(stream, clusters, hash, BinaryPrimitives.ReadDoubleLittleEndian);
        float[] centers = Read<float>(stream, clusters * dimension, hash, BinaryPrimitives.ReadSingleLittleEndian);
        if (!hash.GetHashAndReset().AsSpan().SequenceEqual(Read(stream, SHA256.HashSizeInBytes)))
        {
            throw KMeansErrors.BadModel("its checksum does not match: it was altered or damaged");
        }

        return new KMeansModel(
            centers, counts, dimension, metric == 1 ? Metric.Cosine : Metric.Euclidean, device, maxDegreeOfParallelism, precision);
    }

    private delegate T ReadValue<T>(ReadOnlySpan<byte> bytes);

    // In parts, so that a header that lies about the length costs no more memory than there are bytes.
    private static unsafe T[] Read<T>(Stream stream, int count, IncrementalHash hash, ReadValue<T> read)
        where T : unmanaged
    {
        const int Part = 1 << 18;
        T[] values = [];
        for (int done = 0; done < count;)
        {
            int part = Math.Min(Part, count - done);
            byte[] bytes = Read(stream, part * sizeof(T));
            hash.AppendData(bytes);
            if (done + part > values.Length)
            {
                Array.Resize(ref values, (int)Math.Min(count, Math.Max(2L * values.Length, done + part)));
            }

            for (int i = 0; i < part; i++)
            {
                values[done + i] = read(bytes.AsSpan(i * sizeof(T)));
            }

            done += part;
        }

        return values;
    }

    private static byte[] Read(Stream stream, int length)
    {
        byte[] bytes = new byte[length];
        return stream.ReadAtLeast(bytes, length, throwOnEndOfStream: false) == length
            ? bytes
            : throw KMeansErrors.BadModel("it is cut short");
    }
}
