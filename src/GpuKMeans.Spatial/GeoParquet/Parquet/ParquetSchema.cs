using System.Collections.Immutable;

namespace GpuKMeans.Spatial.Parquet;

/// <summary>A struct column: a name over several leaves.</summary>
internal sealed record ParquetGroup(string Name, bool IsOptional);

/// <summary>A column of values, at the root or in a group; groups do not nest.</summary>
internal sealed record ParquetLeaf(string Name, bool IsOptional, ParquetType Type, ParquetGroup? Group = null)
{
    public ImmutableArray<string> Path => Group is null ? [Name] : [Group.Name, Name];

    /// <summary>The definition level of a value that is there: how many of its ancestors and itself could be null.</summary>
    public int MaxDefinitionLevel => (IsOptional ? 1 : 0) + (Group is { IsOptional: true } ? 1 : 0);
}

/// <summary>The leaves of a file in order, and the tree they make: leaves of one group stand next to each other.</summary>
internal sealed class ParquetSchema(ImmutableArray<ParquetLeaf> leaves)
{
    private const int Required = 0;
    private const int Optional = 1;

    public ImmutableArray<ParquetLeaf> Leaves { get; } = leaves;

    /// <summary>Writes the tree as the footer's list of schema elements, depth first.</summary>
    public void Write(ThriftCompactWriter thrift, int field)
    {
        int groups = Leaves.Select(l => l.Group).OfType<ParquetGroup>().Distinct().Count();
        int roots = Leaves.Count(l => l.Group is null) + groups;
        thrift.ListOfStructs(field, 1 + groups + Leaves.Length);
        WriteGroup(thrift, "schema", repetition: null, roots);
        ParquetGroup? current = null;
        foreach (ParquetLeaf leaf in Leaves)
        {
            if (leaf.Group is not null && leaf.Group != current)
            {
                int children = Leaves.Count(l => l.Group == leaf.Group);
                WriteGroup(thrift, leaf.Group.Name, leaf.Group.IsOptional ? Optional : Required, children);
            }

            current = leaf.Group;
            WriteLeaf(thrift, leaf);
        }
    }

    private static void WriteGroup(ThriftCompactWriter thrift, string name, int? repetition, int children)
    {
        thrift.BeginStruct();
        if (repetition is int value)
        {
            thrift.I32(3, value);
        }

        thrift.String(4, name);
        thrift.I32(5, children);
        thrift.EndStruct();
    }

    private static void WriteLeaf(ThriftCompactWriter thrift, ParquetLeaf leaf)
    {
        thrift.BeginStruct();
        thrift.I32(1, (int)leaf.Type.Physical);
        if (leaf.Type.Physical == PhysicalType.FixedLengthByteArray)
        {
            thrift.I32(2, leaf.Type.Length);
        }

        thrift.I32(3, leaf.IsOptional ? Optional : Required);
        thrift.String(4, leaf.Name);
        WriteLogicalType(thrift, leaf.Type.Logical);
        thrift.EndStruct();
    }

    // The meaning is written twice: as the old ConvertedType (field 6) where it can say it, and as LogicalType (10).
    private static void WriteLogicalType(ThriftCompactWriter thrift, LogicalType type)
    {
        const int Utf8 = 0, Date = 6, TimestampMicros = 10;
        int? converted = type switch
        {
            LogicalType.String => Utf8,
            LogicalType.Date => Date,
            LogicalType.Instant => TimestampMicros,
            _ => null,
        };
        if (converted is int value)
        {
            thrift.I32(6, value);
        }

        if (type == LogicalType.None)
        {
            return;
        }

        thrift.BeginStruct(10);
        switch (type)
        {
            case LogicalType.String:
                thrift.EmptyStruct(1);
                break;
            case LogicalType.Date:
                thrift.EmptyStruct(6);
                break;
            case LogicalType.Uuid:
                thrift.EmptyStruct(14);
                break;
            case LogicalType.Instant or LogicalType.LocalTime:
                thrift.BeginStruct(8);
                thrift.Bool(1, type == LogicalType.Instant);
                thrift.BeginStruct(2);
                thrift.EmptyStruct(2);
                thrift.EndStruct();
                thrift.EndStruct();
                break;
        }

        thrift.EndStruct();
    }
}
