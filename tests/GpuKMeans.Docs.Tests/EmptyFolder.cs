namespace GpuKMeans.Docs.Tests;

/// <summary>Runs code in a folder of its own, which is gone afterwards.</summary>
internal static class EmptyFolder
{
    public static void Run(Action action)
    {
        string before = Environment.CurrentDirectory;
        DirectoryInfo folder = Directory.CreateTempSubdirectory("gpukmeans-");
        try
        {
            Environment.CurrentDirectory = folder.FullName;
            action();
        }
        finally
        {
            Environment.CurrentDirectory = before;
            folder.Delete(recursive: true);
        }
    }
}
