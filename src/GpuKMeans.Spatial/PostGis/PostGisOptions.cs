using GpuKMeans.Spatial.PostGis;

namespace GpuKMeans.Spatial;

/// <summary>How a <see cref="PostGisExporter"/> writes its table.</summary>
/// <remarks>Immutable. Values are checked when an exporter is made of them.</remarks>
public sealed record PostGisOptions
{
    /// <summary>What fits a socket's timeout, an int of milliseconds.</summary>
    internal static readonly TimeSpan MaxCommandTimeout = TimeSpan.FromDays(24);

    /// <summary>What to do when the table is there already. Default: <see cref="IfTableExists.Fail"/>.</summary>
    public IfTableExists IfExists { get; init; } = IfTableExists.Fail;

    /// <summary>
    /// The schema of the table, taken literally; it must exist. Default: null, the first schema of the connection's
    /// search path that exists (as a rule <c>public</c>).
    /// </summary>
    public string? Schema { get; init; }

    /// <summary>
    /// The name of the geometry column, taken literally. Default: <see cref="ClusteredFeatures.GeometryColumn"/>.
    /// It must differ from the features' other columns, also in more than upper and lower case.
    /// </summary>
    public string GeometryColumn { get; init; } = ClusteredFeatures.GeometryColumn;

    /// <summary>Whether a new table gets a GiST index on its geometry, built after the load. Default: true.</summary>
    public bool CreateSpatialIndex { get; init; } = true;

    /// <summary>
    /// Whether to run <c>CREATE EXTENSION postgis</c> in a database that lacks it, which needs the right to.
    /// Default: false, a database without PostGIS is refused.
    /// </summary>
    public bool CreateExtension { get; init; }

    /// <summary>
    /// How long one statement may take, of which the load and the index are the longest. Default:
    /// <see cref="Timeout.InfiniteTimeSpan"/>, no limit. Allowed: from 1 second to 24 days.
    /// </summary>
    public TimeSpan CommandTimeout { get; init; } = Timeout.InfiniteTimeSpan;

    /// <summary>Refuses values that no server could accept.</summary>
    internal void Validate()
    {
        if (!Enum.IsDefined(IfExists))
        {
            throw PostGisErrors.UnknownIfExists(IfExists);
        }

        if (Schema is not null)
        {
            SqlIdentifier.Check(Schema, nameof(Schema));
        }

        SqlIdentifier.Check(GeometryColumn, nameof(GeometryColumn));
        if (CommandTimeout != Timeout.InfiniteTimeSpan
            && (CommandTimeout < TimeSpan.FromSeconds(1) || CommandTimeout > MaxCommandTimeout))
        {
            throw PostGisErrors.CommandTimeoutOutOfRange(CommandTimeout);
        }
    }
}
