namespace GpuKMeans.Spatial.PostGis;

/// <summary>The plans of batches that go into one table, one after another.</summary>
internal sealed class LoadPlans(string geometryColumn, CancellationToken cancellationToken)
{
    private FeatureBuffer? _form;
    private long _row;

    /// <summary>Checks a batch, also against those before.</summary>
    /// <exception cref="ArgumentException">It cannot be stored, or differs; the message names its first row.</exception>
    public LoadPlan For(ClusteredFeatures batch, LoadPlan? before)
    {
        _form ??= new FeatureBuffer(batch);
        _form.Check(batch, _row);
        LoadPlan plan;
        try
        {
            plan = LoadPlan.For(batch, geometryColumn, before, cancellationToken);
        }
        catch (ArgumentException e) when (before is not null)
        {
            throw SpatialErrors.InBatch(_row, e);
        }

        if (before is not null && plan.Different(before) is LoadColumn column)
        {
            throw SpatialErrors.BatchDiffers(_row, $"column \"{column.Name}\" is {column.SqlType(null)} in it");
        }

        _row += batch.Count;
        return plan;
    }
}
