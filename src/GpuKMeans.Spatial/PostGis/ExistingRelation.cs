namespace GpuKMeans.Spatial.PostGis;

/// <summary>What stands under the table's name already.</summary>
/// <param name="Kind">The catalogue's letter for what it is: <c>r</c> is a table, <c>v</c> a view.</param>
/// <param name="IsPartition">Whether it is a partition of another table.</param>
/// <param name="IsOwned">Whether the user may do with it what its owner may.</param>
internal sealed record ExistingRelation(char Kind, bool IsPartition, bool IsOwned)
{
    private const char Table = 'r';
    private const char PartitionedTable = 'p';

    public bool IsPlainTable => Kind == Table && !IsPartition;

    public bool TakesRows => Kind is Table or PartitionedTable;

    /// <summary>What it is, in words.</summary>
    public string Description => Kind switch
    {
        Table when IsPartition => "a partition of another table",
        Table => "a table",
        PartitionedTable => "a partitioned table",
        'v' => "a view",
        'm' => "a materialized view",
        'f' => "a foreign table",
        'i' or 'I' => "an index",
        'S' => "a sequence",
        'c' => "a composite type",
        _ => "something that is not a table",
    };
}
