namespace GpuKMeans.Spatial.PostGis;

/// <summary>What the load needs to know of the database.</summary>
internal static class Catalog
{
    private const string SchemaSql =
        "SELECT nspname FROM pg_namespace WHERE nspname = coalesce($1, current_schema())";

    private const string PostGisSql =
        "SELECT n.nspname FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'postgis'";

    private const string RelationSql = """
        SELECT c.relkind, c.relispartition, pg_has_role(c.relowner, 'USAGE')
        FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE n.nspname = $1 AND c.relname = $2
        """;

    // Views through their rules, foreign keys of other tables, tables that inherit.
    private const string DependentsSql = """
        SELECT DISTINCT dependent::regclass::text
        FROM (
            SELECT r.ev_class FROM pg_depend d JOIN pg_rewrite r ON r.oid = d.objid
            WHERE d.classid = 'pg_rewrite'::regclass AND d.refclassid = 'pg_class'::regclass AND d.refobjid = $1::regclass
            UNION ALL
            SELECT conrelid FROM pg_constraint WHERE confrelid = $1::regclass AND contype = 'f'
            UNION ALL
            SELECT inhrelid FROM pg_inherits WHERE inhparent = $1::regclass
        ) AS found (dependent)
        WHERE dependent <> $1::regclass
        ORDER BY 1
        """;

    /// <summary>The schema asked for, or the one in which the connection makes its tables.</summary>
    public static async ValueTask<string> Schema(PostgresSession session, string? asked)
    {
        List<string> found = await session.Query(SchemaSql, [asked], row => row.GetString(0)).ConfigureAwait(false);
        return found is [string schema] ? schema : throw PostGisErrors.NoSchema(asked);
    }

    /// <summary>The schema PostGIS is in.</summary>
    public static async ValueTask<string> PostGisSchema(PostgresSession session, bool createExtension)
    {
        List<string> found = await session.Query(PostGisSql, [], row => row.GetString(0)).ConfigureAwait(false);
        if (found.Count == 0 && createExtension)
        {
            await session.Execute("CREATE EXTENSION IF NOT EXISTS postgis").ConfigureAwait(false);
            found = await session.Query(PostGisSql, [], row => row.GetString(0)).ConfigureAwait(false);
        }

        return found is [string schema] ? schema : throw PostGisErrors.NoPostGis();
    }

    public static async ValueTask<ExistingRelation?> Relation(PostgresSession session, QualifiedName name)
    {
        List<ExistingRelation> found = await session.Query(
            RelationSql,
            [name.Schema, name.Name],
            row => new ExistingRelation(row.GetChar(0), row.GetBoolean(1), row.GetBoolean(2))).ConfigureAwait(false);
        return found.SingleOrDefault();
    }

    /// <summary>The relations that would have to go if the table went.</summary>
    public static ValueTask<List<string>> Dependents(PostgresSession session, QualifiedName table) =>
        session.Query(DependentsSql, [table.Quoted], row => row.GetString(0));
}
