namespace GpuKMeans.Spatial.PostGis;

/// <summary>Whether the rows fit a table that is there already.</summary>
internal static class AppendCheck
{
    private const string ColumnsSql = """
        SELECT a.attname, t.typname, format_type(a.atttypid, a.atttypmod), a.atttypmod >= 0,
               a.attnotnull AND NOT a.atthasdef AND a.attidentity = '' AND t.typdefault IS NULL, a.attgenerated <> ''
        FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
        WHERE a.attrelid = $1::regclass AND a.attnum > 0 AND NOT a.attisdropped
        ORDER BY a.attnum
        """;

    /// <summary>Locks the table as a load does, so that nobody alters it after the check, and refuses what does not fit.</summary>
    public static async ValueTask Run(
        PostgresSession session, QualifiedName table, LoadPlan plan, string? postGisSchema)
    {
        await session.Execute($"LOCK TABLE ONLY {table.Quoted} IN ROW EXCLUSIVE MODE").ConfigureAwait(false);
        List<ExistingColumn> existing = await session.Query(
            ColumnsSql,
            [table.Quoted],
            row => new ExistingColumn(
                row.GetString(0), row.GetString(1), row.GetString(2), row.GetBoolean(3), row.GetBoolean(4), row.GetBoolean(5)))
            .ConfigureAwait(false);

        string[] differences = [.. Differences(existing, plan, postGisSchema)];
        if (differences.Length > 0)
        {
            throw PostGisErrors.DoesNotFit(table, differences);
        }
    }

    private static IEnumerable<string> Differences(List<ExistingColumn> existing, LoadPlan plan, string? postGisSchema)
    {
        foreach (LoadColumn column in plan.Columns)
        {
            ExistingColumn? there = existing.Find(c => c.Name == column.Name);
            if (there is null)
            {
                yield return PostGisErrors.MissingInTable(column.Name, column.SqlType(postGisSchema));
            }
            else if (there.IsGenerated)
            {
                yield return PostGisErrors.GeneratedInTable(column.Name);
            }
            else if (!column.Fits(there))
            {
                yield return PostGisErrors.TypesDiffer(column.Name, there.PrintedType, column.SqlType(postGisSchema));
            }
        }

        foreach (ExistingColumn there in existing)
        {
            if (there.NeedsValue && !plan.Columns.Any(c => c.Name == there.Name))
            {
                yield return PostGisErrors.MissingInFeatures(there.Name, there.PrintedType);
            }
        }
    }
}
