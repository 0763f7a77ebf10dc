using Npgsql;

namespace GpuKMeans.Spatial.PostGis;

/// <summary>Loads a table in one transaction, which the caller closes whatever happens.</summary>
internal sealed class TableLoad(PostgresSession session, LoadPlan plan, string tableName, PostGisOptions options)
{
    private string? _postGisSchema;

    public async ValueTask Run()
    {
        await session.Begin().ConfigureAwait(false);
        string schema = await Catalog.Schema(session, options.Schema).ConfigureAwait(false);
        if (plan.Geometry is not null)
        {
            _postGisSchema = await Catalog.PostGisSchema(session, options.CreateExtension).ConfigureAwait(false);
        }

        var table = new QualifiedName(schema, tableName);
        ExistingRelation? existing = await Catalog.Relation(session, table).ConfigureAwait(false);
        if (options.IfExists == IfTableExists.Replace)
        {
            await Replace(table, existing).ConfigureAwait(false);
        }
        else if (existing is null)
        {
            await Create(table).ConfigureAwait(false);
        }
        else if (options.IfExists == IfTableExists.Append)
        {
            await Append(table, existing).ConfigureAwait(false);
        }
        else
        {
            throw PostGisErrors.TableExists(table, existing.Description);
        }

        await session.Commit().ConfigureAwait(false);
    }

    private async ValueTask Create(QualifiedName table)
    {
        await CreateTable(table, table).ConfigureAwait(false);
        await Copy(table).ConfigureAwait(false);
        if (HasIndex)
        {
            // Unnamed: PostgreSQL picks a name that is free and fits.
            await session.Execute(TableSql.CreateIndex(null, table, plan.Geometry!)).ConfigureAwait(false);
        }

        await session.Execute(TableSql.Analyze(table)).ConfigureAwait(false);
    }

    private async ValueTask Append(QualifiedName table, ExistingRelation existing)
    {
        if (!existing.TakesRows)
        {
            throw PostGisErrors.NotATable(table, existing.Description);
        }

        await AppendCheck.Run(session, table, plan, _postGisSchema).ConfigureAwait(false);
        await Copy(table).ConfigureAwait(false);
        await session.Execute(TableSql.Analyze(table)).ConfigureAwait(false);
    }

    // Everything that takes long is done beside the old table, which others read meanwhile; only the swap locks it.
    private async ValueTask Replace(QualifiedName table, ExistingRelation? existing)
    {
        if (existing is not null)
        {
            await CheckReplaceable(table, existing).ConfigureAwait(false);
        }

        QualifiedName loaded = table with { Name = $"gpukmeans_load_{Guid.NewGuid():N}" };
        QualifiedName index = loaded with { Name = $"{loaded.Name}_idx" };
        await CreateTable(loaded, table).ConfigureAwait(false);
        await Copy(loaded).ConfigureAwait(false);
        if (HasIndex)
        {
            await session.Execute(TableSql.CreateIndex(index, loaded, plan.Geometry!)).ConfigureAwait(false);
        }

        await session.Execute(TableSql.Analyze(loaded)).ConfigureAwait(false);
        await Swap(loaded, table).ConfigureAwait(false);
        if (HasIndex)
        {
            string name = await FreeIndexName(table).ConfigureAwait(false);
            await session.Execute(TableSql.RenameIndex(index, name)).ConfigureAwait(false);
        }
    }

    private bool HasIndex => options.CreateSpatialIndex && plan.Geometry is not null;

    private async ValueTask CheckReplaceable(QualifiedName table, ExistingRelation existing)
    {
        if (!existing.IsPlainTable)
        {
            throw PostGisErrors.NotATable(table, existing.Description);
        }

        if (!existing.IsOwned)
        {
            throw PostGisErrors.NotOwner(table);
        }

        List<string> dependents = await Catalog.Dependents(session, table).ConfigureAwait(false);
        if (dependents.Count > 0)
        {
            throw PostGisErrors.HasDependents(table, dependents);
        }
    }

    private async ValueTask CreateTable(QualifiedName table, QualifiedName intended)
    {
        try
        {
            await session.Execute(TableSql.CreateTable(table, plan.Columns, _postGisSchema)).ConfigureAwait(false);
        }
        catch (PostgresException e) when (IsNameTaken(e))
        {
            throw PostGisErrors.NameTakenMeanwhile(intended, e);
        }
    }

    private async ValueTask Swap(QualifiedName loaded, QualifiedName table)
    {
        try
        {
            await session.Execute(TableSql.Drop(table)).ConfigureAwait(false);
            await session.Execute(TableSql.Rename(loaded, table.Name)).ConfigureAwait(false);
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.DependentObjectsStillExist)
        {
            throw PostGisErrors.HasDependents(table, e);
        }
        catch (PostgresException e) when (IsNameTaken(e))
        {
            throw PostGisErrors.NameTakenMeanwhile(table, e);
        }
    }

    private ValueTask Copy(QualifiedName table) => session.Copy(TableSql.Copy(table, plan.Columns), async copy =>
    {
        for (int row = 0; row < plan.RowCount; row++)
        {
            await copy.StartRow().ConfigureAwait(false);
            foreach (LoadColumn column in plan.Columns)
            {
                await column.Write(copy, row).ConfigureAwait(false);
            }
        }
    });

    // As PostgreSQL would name it: with a number where the plain name is taken.
    private async ValueTask<string> FreeIndexName(QualifiedName table)
    {
        for (int number = 0; ; number++)
        {
            string name = TableSql.IndexName(table.Name, plan.Geometry!.Name, number);
            if (await Catalog.Relation(session, table with { Name = name }).ConfigureAwait(false) is null)
            {
                return name;
            }
        }
    }

    // Two that create one name at once meet in the catalogue's unique indexes, or in the table's row type.
    private static bool IsNameTaken(PostgresException error) => error.SqlState
        is PostgresErrorCodes.DuplicateTable
        or PostgresErrorCodes.DuplicateObject
        or PostgresErrorCodes.UniqueViolation;
}
