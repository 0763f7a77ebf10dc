namespace GpuKMeans.Spatial.Parquet;

/// <summary>How the values or levels of a page are encoded; the numbers are those of the format.</summary>
internal static class Encodings
{
    public const int Plain = 0;
    public const int Rle = 3;
    public const int RleDictionary = 8;
}
