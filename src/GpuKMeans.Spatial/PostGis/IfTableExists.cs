namespace GpuKMeans.Spatial;

/// <summary>What a <see cref="PostGisExporter"/> does when the table is there already.</summary>
public enum IfTableExists
{
    /// <summary>Refuse, before anything is loaded.</summary>
    Fail,

    /// <summary>
    /// Load a new table beside the old one and put it in its place. Other sessions read the old rows until the commit
    /// and the new ones after it. The new table has the old one's owner and the privileges granted on it and on columns
    /// that both have. What else hung on the old table (indexes, triggers, policies, comments) goes with it; views or
    /// foreign keys that depend on it are never dropped: they are a reason to refuse.
    /// </summary>
    Replace,

    /// <summary>
    /// Add the rows to the table, whose columns must fit; create it when it is not there. Its indexes stay as they are.
    /// </summary>
    Append,
}
