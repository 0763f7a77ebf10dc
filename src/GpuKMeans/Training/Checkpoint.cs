using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using GpuKMeans.Engines;

namespace GpuKMeans;

/// <summary>
/// The file in which a fit keeps how far it has come, little-endian: "GPUKMCKP"; version, uint32, 1; the number of
/// conditions of the fit, int32, and for each its name and value; the state; the SHA-256 of all before it.
/// </summary>
internal sealed class Checkpoint
{
    private const uint Version = 1;

    private readonly string _path;
    private readonly TimeSpan _interval;
    private readonly List<(string Name, string Value)> _conditions;
    private long _saved = Stopwatch.GetTimestamp();

    private Checkpoint(string path, TimeSpan interval, List<(string Name, string Value)> conditions) =>
        (_path, _interval, _conditions) = (path, interval, conditions);

    private static ReadOnlySpan<byte> Magic => "GPUKMCKP"u8;

    /// <summary>Whether it is time to save.</summary>
    public bool IsDue => Stopwatch.GetElapsedTime(_saved) >= _interval;

    /// <summary>The checkpoint of a fit, or null where none is wanted.</summary>
    /// <param name="options">The options of the fit.</param>
    /// <param name="algorithm">Which estimator.</param>
    /// <param name="device">Where it computes: other devices give other last bits.</param>
    /// <param name="rows">The number of rows; null when it is not known.</param>
    /// <param name="blockRows">The rows that are in memory together.</param>
    /// <param name="summary">What the rows are like.</param>
    /// <param name="weights">Their weights.</param>
    public static Checkpoint? For(
        KMeansOptions options,
        string algorithm,
        Device device,
        long? rows,
        long blockRows,
        RowSummary summary,
        ReadOnlySpan<float> weights = default)
    {
        if (options.CheckpointPath is null)
        {
            return null;
        }

        var conditions = new List<(string, string)>
        {
            ("the algorithm", algorithm),
            ("the device", device.ToString()),
            ("the number of rows", Text(rows)),
            ("the number of columns", Text(summary.Mean.Length)),
            ("the rows in memory together", Text(blockRows)),
            ("what the rows and weights are like", Fingerprint(summary, weights)),
            (nameof(options.Initialization), Initialization(options)),
        };
        conditions.AddRange(new (string, object?)[]
        {
            (nameof(options.ClusterCount), options.ClusterCount),
            (nameof(options.BatchSize), options.BatchSize),
            (nameof(options.MaxIterations), options.MaxIterations),
            (nameof(options.SampleIterations), options.SampleIterations),
            (nameof(options.FinalIterations), options.FinalIterations),
            (nameof(options.Tolerance), options.Tolerance),
            (nameof(options.MaxNoImprovement), options.MaxNoImprovement),
            (nameof(options.ReassignmentRatio), options.ReassignmentRatio),
            (nameof(options.InitializationSampleSize), options.InitializationSampleSize),
            (nameof(options.InitializationCount), options.InitializationCount),
            (nameof(options.Seed), options.Seed),
            (nameof(options.Metric), options.Metric),
        }.Select(condition => (condition.Item1, Text(condition.Item2))));
        return new Checkpoint(options.CheckpointPath, options.CheckpointInterval, conditions);
    }

    /// <summary>Reads the state that was saved last.</summary>
    /// <returns>The state, or null where there is no file.</returns>
    /// <exception cref="InvalidDataException">The file is no checkpoint, is cut short, altered, or of a later version.</exception>
    /// <exception cref="InvalidOperationException">It is of another fit.</exception>
    public TrainingState? Load()
    {
        if (!File.Exists(_path))
        {
            return null;
        }

        using FileStream stream = File.OpenRead(_path);
        Verify(stream);
        using var reader = new BinaryReader(stream, Encoding.UTF8, leaveOpen: true);
        stream.Position = Magic.Length;
        uint version = reader.ReadUInt32();
        if (version != Version)
        {
            throw KMeansErrors.BadCheckpoint(_path, $"its version is {version} and this library reads version {Version}");
        }

        var there = new Dictionary<string, string>();
        for (int i = reader.ReadInt32(); i > 0; i--)
        {
            there[reader.ReadString()] = reader.ReadString();
        }

        foreach ((string name, string value) in _conditions)
        {
            if (there.GetValueOrDefault(name) != value)
            {
                throw KMeansErrors.OtherCheckpoint(_path, name, there.GetValueOrDefault(name, "not stated"), value);
            }
        }

        return TrainingState.Read(reader);
    }

    /// <summary>Saves a state over the one before.</summary>
    /// <exception cref="IOException">It cannot be written; the one before stays.</exception>
    public void Save(TrainingState state)
    {
        WholeFile.Write(_path, stream =>
        {
            using var hash = SHA256.Create();
            using (var hashed = new CryptoStream(stream, hash, CryptoStreamMode.Write, leaveOpen: true))
            {
                using var writer = new BinaryWriter(hashed, Encoding.UTF8, leaveOpen: true);
                writer.Write(Magic);
                writer.Write(Version);
                writer.Write(_conditions.Count);
                foreach ((string name, string value) in _conditions)
                {
                    writer.Write(name);
                    writer.Write(value);
                }

                state.Write(writer);
            }

            stream.Write(hash.Hash!);
        }, Temporary);
        _saved = Stopwatch.GetTimestamp();
    }

    /// <summary>Removes the file of a fit that has ended.</summary>
    public void Delete()
    {
        File.Delete(_path);
        File.Delete(Temporary);
    }

    private string Temporary => $"{_path}.tmp";

    private void Verify(FileStream stream)
    {
        byte[] magic = new byte[Magic.Length];
        if (stream.ReadAtLeast(magic, magic.Length, throwOnEndOfStream: false) < magic.Length || !Magic.SequenceEqual(magic))
        {
            throw KMeansErrors.BadCheckpoint(_path, "it does not begin with \"GPUKMCKP\"");
        }

        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        byte[] part = new byte[1 << 16];
        stream.Position = 0;
        for (long left = stream.Length - SHA256.HashSizeInBytes; left > 0;)
        {
            int read = stream.Read(part, 0, (int)Math.Min(left, part.Length));
            hash.AppendData(part, 0, read);
            left -= read;
        }

        byte[] stated = new byte[SHA256.HashSizeInBytes];
        if (stream.ReadAtLeast(stated, stated.Length, throwOnEndOfStream: false) < stated.Length
            || !stated.AsSpan().SequenceEqual(hash.GetHashAndReset()))
        {
            throw KMeansErrors.BadCheckpoint(_path, "its checksum is not that of its content: it is cut short or altered");
        }
    }

    private static string Fingerprint(RowSummary summary, ReadOnlySpan<float> weights)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(System.Runtime.InteropServices.MemoryMarshal.AsBytes<float>(summary.Mean));
        hash.AppendData(BitConverter.GetBytes(summary.MeanVariance));
        hash.AppendData(System.Runtime.InteropServices.MemoryMarshal.AsBytes(weights));
        return Convert.ToHexString(hash.GetHashAndReset().AsSpan(0, 8));
    }

    private static string Initialization(KMeansOptions options) => options.Initialization switch
    {
        KMeansInitialization.GivenInitialization { Centers: var centers } => "centres with the checksum " + Convert.ToHexString(
            SHA256.HashData(System.Runtime.InteropServices.MemoryMarshal.AsBytes(KMeansModel.Flat(centers))).AsSpan(0, 8)),
        KMeansInitialization.PlusPlusInitialization => "PlusPlus",
        KMeansInitialization.ParallelInitialization => "Parallel",
        _ => "RandomRows",
    };

    private static string Text(object? value) => Convert.ToString(value, CultureInfo.InvariantCulture) is { Length: > 0 } text ? text : "null";
}
