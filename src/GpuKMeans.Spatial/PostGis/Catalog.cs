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

    // Of the table, and of those of its columns that the other table has too.
    private const string GrantsSql = """
        SELECT 'GRANT ' || g.privilege_type || g.columns || ' ON ' || $2 || ' TO '
            || CASE WHEN g.grantee = 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(g.grantee)) END
            || CASE WHEN g.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END
        FROM (
            SELECT a.privilege_type, a.grantee, a.is_grantable, '' AS columns
            FROM pg_class c, aclexplode(c.relacl) a WHERE c.oid = $1::regclass AND a.grantee <> c.relowner
            UNION
            SELECT a.privilege_type, a.grantee, a.is_grantable, ' (' || quote_ident(o.attname) || ')'
            FROM pg_attribute o, aclexplode(o.attacl) a
            WHERE o.attrelid = $1::regclass AND EXISTS (
                SELECT FROM pg_attribute n WHERE n.attrelid = $2::regclass AND n.attname = o.attname AND NOT n.attisdropped)
        ) AS g
        ORDER BY 1
        """;

    private const string OwnerSql = """
        SELECT pg_get_userbyid(o.relowner) FROM pg_class o JOIN pg_class n ON n.relowner <> o.relowner
        WHERE o.oid = $1::regclass AND n.oid = $2::regclass
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

    /// <summary>Statements that give another table the privileges that others have on this one.</summary>
    public static ValueTask<List<string>> Grants(PostgresSession session, QualifiedName table, QualifiedName other) =>
        session.Query(GrantsSql, [table.Quoted, other.Quoted], row => row.GetString(0));

    /// <summary>The owner of the table, if it is not that of the other one as well.</summary>
    public static async ValueTask<string?> OtherOwner(PostgresSession session, QualifiedName table, QualifiedName other) =>
        (await session.Query(OwnerSql, [table.Quoted, other.Quoted], row => row.GetString(0)).ConfigureAwait(false)).SingleOrDefault();
}
