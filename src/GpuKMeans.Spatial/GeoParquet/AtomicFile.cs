namespace GpuKMeans.Spatial;

/// <summary>A file that appears whole or not at all: written beside its target and renamed over it in the end.</summary>
internal sealed class AtomicFile : IDisposable
{
    private const int BufferSize = 1 << 16;

    private readonly string _target;
    private readonly string _temporary;
    private readonly bool _overwrite;

    private AtomicFile(string target, bool overwrite, bool asynchronous)
    {
        _target = target;
        _overwrite = overwrite;

        // In the same folder, hence on the same volume, where a rename takes one step.
        _temporary = Path.Combine(Path.GetDirectoryName(target)!, $".gpukmeans-{Guid.NewGuid():N}.tmp");
        FileOptions options = asynchronous ? FileOptions.Asynchronous : FileOptions.None;
        Stream = new FileStream(_temporary, FileMode.CreateNew, FileAccess.Write, FileShare.None, BufferSize, options);
    }

    /// <summary>Where it will be.</summary>
    public string Target => _target;

    /// <summary>The file under its temporary name.</summary>
    public FileStream Stream { get; }

    /// <summary>Opens a file to be written, once it is sure that it can go where it shall.</summary>
    /// <exception cref="DirectoryNotFoundException">The folder is not there.</exception>
    /// <exception cref="IOException">The target is a folder, or is there and not to be overwritten.</exception>
    public static AtomicFile Create(string path, bool overwrite, bool asynchronous)
    {
        // A link stays a link: what it points to is replaced.
        var file = new FileInfo(path);
        string target = file.LinkTarget is null ? path : file.ResolveLinkTarget(returnFinalTarget: true)!.FullName;
        string? folder = Path.GetDirectoryName(target);
        if (Directory.Exists(target) || folder is null)
        {
            throw SpatialErrors.TargetIsFolder(path);
        }

        if (!Directory.Exists(folder))
        {
            throw SpatialErrors.FolderNotFound(path, folder);
        }

        if (!overwrite && File.Exists(target))
        {
            throw SpatialErrors.FileExists(path);
        }

        return new AtomicFile(target, overwrite, asynchronous);
    }

    /// <summary>Puts the file in its place: on the disk first, so that a crash after this cannot leave half of it.</summary>
    public void Commit()
    {
        Stream.Flush(flushToDisk: true);
        Stream.Dispose();
        File.Move(_temporary, _target, _overwrite);
    }

    /// <summary>Closes the file and, unless it was put in its place, removes it.</summary>
    public void Dispose()
    {
        try
        {
            Stream.Dispose();
        }
        finally
        {
            File.Delete(_temporary);
        }
    }
}
