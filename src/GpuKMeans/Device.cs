namespace GpuKMeans;

/// <summary>Where the arithmetic is done.</summary>
/// <remarks>
/// <see cref="Auto"/> never fails: it takes the first CUDA device where there is one that would be faster, else the CPU.
/// Asking for <see cref="Cuda"/> where there is none is an error that says what is missing.
/// </remarks>
public readonly record struct Device
{
    private enum Kind : byte
    {
        Auto,
        Cpu,
        Cuda,
        Foreign,
    }

    private readonly Kind _kind;
    private readonly string? _name;

    private Device(Kind kind, int index, string? name = null)
    {
        _kind = kind;
        _name = name;
        Index = index;
    }

    /// <summary>The default: the first NVIDIA GPU where there is one and the work is large enough to gain by it, else the CPU.</summary>
    public static Device Auto => default;

    /// <summary>The processor, all cores unless <see cref="KMeansOptions.MaxDegreeOfParallelism"/> says otherwise.</summary>
    public static Device Cpu => new(Kind.Cpu, 0);

    /// <summary>An NVIDIA GPU.</summary>
    /// <remarks>
    /// Rows stay on it where they fit; else they are streamed. Rows of host memory or of a mapped file that are streamed a third
    /// time are locked in place until the work is done, where they take no more than half of the machine's memory: the GPU
    /// then reads them at the full speed of the bus.
    /// </remarks>
    /// <param name="index">The device's number, from 0, in the driver's order.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="index"/> is negative.</exception>
    public static Device Cuda(int index = 0)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        return new(Kind.Cuda, index);
    }

    /// <summary>A device that another library computes on, by the name it gives it; only rows that lie there lead to it.</summary>
    internal static Device Foreign(string name) => new(Kind.Foreign, 0, name);

    /// <summary>Whether this is a <see cref="Foreign"/> device.</summary>
    internal bool IsForeign => _kind == Kind.Foreign;

    /// <summary>Whether this is <see cref="Auto"/>.</summary>
    public bool IsAuto => _kind == Kind.Auto;

    /// <summary>Whether this is <see cref="Cpu"/>.</summary>
    public bool IsCpu => _kind == Kind.Cpu;

    /// <summary>Whether this is a <see cref="Cuda"/> device.</summary>
    public bool IsCuda => _kind == Kind.Cuda;

    /// <summary>The number of a CUDA device; 0 otherwise.</summary>
    public int Index { get; }

    /// <summary>Reads "auto", "cpu", "cuda" or "cuda:n", in any case.</summary>
    /// <exception cref="FormatException">The text is something else.</exception>
    public static Device Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return text.ToLowerInvariant() switch
        {
            "auto" => Auto,
            "cpu" => Cpu,
            "cuda" => Cuda(),
            ['c', 'u', 'd', 'a', ':', .. var number] when int.TryParse(number, out int index) && index >= 0 => Cuda(index),
            _ => throw new FormatException($"\"{text}\" is not a device: use auto, cpu, cuda or cuda:n."),
        };
    }

    /// <summary>"auto", "cpu" or "cuda:n", as <see cref="Parse"/> reads it.</summary>
    public override string ToString() => _kind switch
    {
        Kind.Cpu => "cpu",
        Kind.Cuda => $"cuda:{Index}",
        Kind.Foreign => _name!,
        _ => "auto",
    };
}
