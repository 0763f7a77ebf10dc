using System.Diagnostics.CodeAnalysis;

namespace GpuKMeans;

/// <summary>
/// What the nearest centres are looked for in. Either way labels are those of float64 arithmetic on the float32 rows and
/// centres, for what is too near to call is settled in float64, and all other results are the same to the bit.
/// </summary>
public enum Precision
{
    /// <summary>
    /// What is fastest on the device. On an NVIDIA GPU rows of 16 values and more are multiplied on the tensor cores: rounded
    /// to half precision, added up in float32, and believed as far as a proven bound of the error allows.
    /// </summary>
    Auto,

    /// <summary>
    /// Float32 instead of half precision and tensor cores: sums of squared differences. For who wants to see that it makes no
    /// difference, or has a GPU whose tensor cores are not to be used. On an NVIDIA GPU it costs time for rows of 16 values and more,
    /// and most where there are many clusters: 19 times as much for 1,048,576 rows of 128 values and 1024 clusters on an H200. It
    /// changes nothing for shorter rows, nor on the CPU, which works in float32 in any case. On devices that only TorchSharp reaches,
    /// torch's own settings count.
    /// </summary>
    [SuppressMessage("Naming", "CA1720", Justification = "The type of number is what is asked for.")]
    Float32,
}
