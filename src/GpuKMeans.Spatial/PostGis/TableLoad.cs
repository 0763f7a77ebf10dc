using Npgsql;

namespace GpuKMeans.Spatial.PostGis;

/// <summary>Loads a table in one transaction, which the caller closes whatever happens.</summary>
/// <param name="session">The connection and its transaction.</param>
/// <param name="first">The first batch of rows.</param>
/// <param name="more">Gives the next batch, checked against the one given; null when there is none.</param>
/// <param name="tableName">The table.</param>
/// <param name="options">How to write it.</param>
internal sealed class TableLoad(
    PostgresSession session, LoadPlan first, Func<LoadPlan, ValueTask<LoadPlan?>> more, string tableName, PostGisOptions options)
{
    private string? _postGisSchema;

    // The batch at hand, whose geometry column holds all before it as well.
    private LoadPlan _plan = first;

    public async ValueTask Run()
    {
        await session.Begin().ConfigureAwait(false);
        string schema = await Catalog.Schema(session, options.Schema).ConfigureAwait(false);
        if (_plan.Geometry is not null)
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
        await CopyNew(table).ConfigureAwait(false);
        if (HasIndex)
        {
            // Unnamed: PostgreSQL picks a name that is free and fits.
            await session.Execute(TableSql.CreateIndex(null, table, _plan.Geometry!)).ConfigureAwait(false);
        }

        await session.Execute(TableSql.Analyze(table)).ConfigureAwait(false);
    }

    private async ValueTask Append(QualifiedName table, ExistingRelation existing)
    {
        if (!existing.TakesRows)
        {
            throw PostGisErrors.NotATable(table, existing.Description);
        }

        await Check().ConfigureAwait(false);
        await Copy(table, Check).ConfigureAwait(false);
        await session.Execute(TableSql.Analyze(table)).ConfigureAwait(false);

        ValueTask Check() => AppendCheck.Run(session, table, _plan, _postGisSchema);
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
        await CopyNew(loaded).ConfigureAwait(false);
        if (HasIndex)
        {
            await session.Execute(TableSql.CreateIndex(index, loaded, _plan.Geometry!)).ConfigureAwait(false);
        }

        await session.Execute(TableSql.Analyze(loaded)).ConfigureAwait(false);
        if (existing is not null)
        {
            await HandDownRights(table, loaded).ConfigureAwait(false);
        }

        await Swap(loaded, table).ConfigureAwait(false);
        if (HasIndex)
        {
            string name = await FreeIndexName(table).ConfigureAwait(false);
            await session.Execute(TableSql.RenameIndex(index, name)).ConfigureAwait(false);
        }
    }

    private bool HasIndex => options.CreateSpatialIndex && _plan.Geometry is not null;

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
            await session.Execute(TableSql.CreateTable(table, _plan.Columns, _postGisSchema)).ConfigureAwait(false);
        }
        catch (PostgresException e) when (IsNameTaken(e))
        {
            throw PostGisErrors.NameTakenMeanwhile(intended, e);
        }
    }

    private async ValueTask HandDownRights(QualifiedName table, QualifiedName loaded)
    {
        // The lock that the swap needs in any case: nothing is granted between the look and the swap.
        await session.Execute(TableSql.Lock(table)).ConfigureAwait(false);
        string? owner = await Catalog.OtherOwner(session, table, loaded).ConfigureAwait(false);
        List<string> grants = await Catalog.Grants(session, table, loaded).ConfigureAwait(false);
        if (owner is not null)
        {
            await session.Execute(TableSql.SetOwner(loaded, owner)).ConfigureAwait(false);
        }

        foreach (string grant in grants)
        {
            await session.Execute(grant).ConfigureAwait(false);
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

    /// <summary>Copies all batches into a table: in one COPY, but for geometries of another type than those before.</summary>
    /// <param name="table">The table.</param>
    /// <param name="widen">Makes room for these.</param>
    private async ValueTask Copy(QualifiedName table, Func<ValueTask> widen)
    {
        LoadPlan? next = _plan;
        while (next is not null)
        {
            if (next.Geometry?.Type != _plan.Geometry?.Type)
            {
                _plan = next;
                await widen().ConfigureAwait(false);
            }

            await session.Copy(TableSql.Copy(table, _plan.Columns), async copy =>
            {
                do
                {
                    _plan = next;
                    await CopyRows(copy).ConfigureAwait(false);
                    next = await more(_plan).ConfigureAwait(false);
                }
                while (next is not null && next.Geometry?.Type == _plan.Geometry?.Type);
            }).ConfigureAwait(false);
        }
    }

    private async ValueTask CopyRows(CopyWriter copy)
    {
        for (int row = 0; row < _plan.RowCount; row++)
        {
            await copy.StartRow().ConfigureAwait(false);
            foreach (LoadColumn column in _plan.Columns)
            {
                await column.Write(copy, row).ConfigureAwait(false);
            }
        }
    }

    private ValueTask CopyNew(QualifiedName table) =>
        Copy(table, () => session.Execute(TableSql.AlterGeometry(table, _plan.Geometry!, _postGisSchema!)));

    // As PostgreSQL would name it: with a number where the plain name is taken.
    private async ValueTask<string> FreeIndexName(QualifiedName table)
    {
        for (int number = 0; ; number++)
        {
            string name = TableSql.IndexName(table.Name, _plan.Geometry!.Name, number);
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
