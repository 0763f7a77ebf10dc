namespace GpuKMeans;

/// <summary>Files that appear whole or not at all.</summary>
internal static class WholeFile
{
    /// <summary>Writes a file beside its place, and puts it there, over one that is there, once it is on the disk.</summary>
    /// <param name="path">The file.</param>
    /// <param name="write">Writes it.</param>
    /// <param name="temporary">
    /// Where it is written first, in the same folder: over what a process that was killed has left there. Null for a name
    /// of its own, so that several may write one file at once.
    /// </param>
    public static void Write(string path, Action<Stream> write, string? temporary = null)
    {
        temporary ??= $"{path}.{Guid.NewGuid():N}.tmp";
        try
        {
            using (FileStream stream = new(temporary, FileMode.Create, FileAccess.Write))
            {
                write(stream);
                stream.Flush(flushToDisk: true);
            }

            File.Move(temporary, path, overwrite: true);
        }
        catch
        {
            File.Delete(temporary);
            throw;
        }
    }
}
