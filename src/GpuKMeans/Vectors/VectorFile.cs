namespace GpuKMeans;

/// <summary>Files of vectors: NumPy's <c>.npy</c>, and the formats of the nearest-neighbour benchmarks.</summary>
/// <remarks>
/// Files are mapped into memory rather than read, so that they may be larger than it and hold more than 2³¹ values. Do not
/// change them while they are open.
/// <list type="table">
/// <item><term>.npy</term><description>Version 1 to 3, '&lt;f4' or '&lt;f8', two dimensions, in C order.</description></item>
/// <item><term>.fvecs</term><description>Each row: its length, int32; that many float32.</description></item>
/// <item><term>.bvecs</term><description>Each row: its length, int32; that many bytes.</description></item>
/// <item><term>.fbin</term><description>The number of rows and of columns, int32 each; then all rows, float32.</description></item>
/// <item><term>.u8bin</term><description>As .fbin, in bytes.</description></item>
/// </list>
/// Bytes become numbers from 0 to 255. Values of '&lt;f8' are rounded to float32; one beyond float32's range becomes an
/// infinity, which fitting refuses by row and column.
/// </remarks>
public static class VectorFile
{
    /// <summary>Opens a file, in the format that its name ends in.</summary>
    /// <param name="path">The file.</param>
    /// <returns>
    /// The rows; dispose it to close the file. A one-dimensional .npy file is refused: its rows would be a guess. That each
    /// row of .fvecs and .bvecs states the same length is checked as it is read.
    /// </returns>
    /// <exception cref="InvalidDataException">
    /// The file is not of that format, is cut short, or holds another type, order or shape; the message says which.
    /// </exception>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="NotSupportedException">The name ends in none of the formats.</exception>
    public static VectorSource Open(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        return new MappedVectors(path, Layout(path));
    }

    /// <summary>Opens several files as one: the rows of the first, then those of the second, and so on.</summary>
    /// <param name="paths">The files, all of one dimension, of any of the formats.</param>
    /// <inheritdoc cref="Open(string)" path="/returns|/exception"/>
    public static VectorSource Open(IEnumerable<string> paths)
    {
        ArgumentNullException.ThrowIfNull(paths);
        var files = new List<VectorSource>();
        try
        {
            foreach (string path in paths)
            {
                VectorSource file = Open(path);
                files.Add(file);
                if (file.Dimension != files[0].Dimension)
                {
                    throw KMeansErrors.BadVectorFile(
                        path, $"its rows have {file.Dimension} columns and those of the first file have {files[0].Dimension}");
                }
            }

            return files.Count switch
            {
                0 => throw KMeansErrors.NoFiles(),
                1 => files[0],
                _ => new JoinedVectors(files),
            };
        }
        catch
        {
            files.ForEach(file => file.Dispose());
            throw;
        }
    }

    private static VectorLayout Layout(string path)
    {
        string extension = Path.GetExtension(path).ToUpperInvariant();
        Func<Stream, string, VectorLayout> read = extension switch
        {
            ".NPY" => NpyHeader.Read,
            ".FVECS" => (stream, name) => VectorHeaders.RowByRow(stream, name, VectorValue.Single),
            ".BVECS" => (stream, name) => VectorHeaders.RowByRow(stream, name, VectorValue.Byte),
            ".FBIN" => (stream, name) => VectorHeaders.WithShape(stream, name, VectorValue.Single),
            ".U8BIN" => (stream, name) => VectorHeaders.WithShape(stream, name, VectorValue.Byte),
            _ => throw KMeansErrors.UnknownFormat(path),
        };
        using FileStream stream = new(path, FileMode.Open, FileAccess.Read, FileShare.Read);
        return read(stream, path);
    }
}
