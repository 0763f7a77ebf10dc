namespace GpuKMeans.Spatial.PostGis;

/// <summary>A column of the table: its name and type there, and how a row's value is written.</summary>
internal abstract class LoadColumn(string name, bool isNullable)
{
    public string Name { get; } = name;

    public bool IsNullable { get; } = isNullable;

    /// <summary>The type as SQL writes it.</summary>
    /// <param name="postGisSchema">Where PostGIS's types are; they need not be on the search path.</param>
    public abstract string SqlType(string? postGisSchema);

    /// <summary>Whether an existing column takes this one's values as they are written.</summary>
    public abstract bool Fits(ExistingColumn existing);

    public abstract ValueTask Write(CopyWriter copy, int row);
}
