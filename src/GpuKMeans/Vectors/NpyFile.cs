namespace GpuKMeans;

/// <summary>NumPy's <c>.npy</c> files as rows of vectors.</summary>
public static class NpyFile
{
    /// <summary>Opens a two-dimensional <c>.npy</c> file of N×D numbers, mapped into memory rather than read.</summary>
    /// <param name="path">The file: version 1, 2 or 3, type '&lt;f4' or '&lt;f8', in C order.</param>
    /// <returns>
    /// The rows; dispose it to close the file. A one-dimensional file is refused: its rows would be a guess. Values of
    /// '&lt;f8' are rounded to float32 as they are read; one beyond float32's range becomes an infinity, which fitting
    /// refuses by row and column.
    /// </returns>
    /// <remarks>The file may be larger than memory and hold more than 2³¹ values. Do not change it while it is open.</remarks>
    /// <exception cref="InvalidDataException">
    /// The file is not .npy, is cut short, or holds another type, order or shape; the message says which.
    /// </exception>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    public static VectorSource Open(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        using FileStream stream = new(path, FileMode.Open, FileAccess.Read, FileShare.Read);
        NpyHeader header = NpyHeader.Read(stream, path);
        return new NpyVectors(path, header);
    }
}
