namespace GpuKMeans.Spatial.Tests.GeoParquet;

/// <summary>A folder for one test, removed with all that is in it.</summary>
internal sealed class TemporaryFolder : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("gpukmeans-");

    public string File(string name) => Path.Combine(_folder.FullName, name);

    public string[] Files() => [.. Directory.EnumerateFiles(_folder.FullName).Select(f => Path.GetFileName(f)).Order(StringComparer.Ordinal)];

    public void Dispose() => _folder.Delete(recursive: true);
}
