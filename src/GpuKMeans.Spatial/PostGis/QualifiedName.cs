namespace GpuKMeans.Spatial.PostGis;

/// <summary>The name of a table with its schema's, so that no search path can lead elsewhere.</summary>
internal sealed record QualifiedName(string Schema, string Name)
{
    /// <summary>As SQL writes it.</summary>
    public string Quoted => $"{SqlIdentifier.Quote(Schema)}.{SqlIdentifier.Quote(Name)}";
}
