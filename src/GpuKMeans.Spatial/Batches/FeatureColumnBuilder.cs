namespace GpuKMeans.Spatial;

/// <summary>A column that grows: values of columns of one name and type, one after another.</summary>
internal abstract class FeatureColumnBuilder
{
    /// <summary>Whether a column's values can be added.</summary>
    public abstract bool Takes(FeatureColumn column);

    /// <summary>Adds values of a column that it takes.</summary>
    public abstract void Add(FeatureColumn column, int start, int count);

    /// <summary>Adds one value of a column that it takes.</summary>
    public abstract void Add(FeatureColumn column, int row);

    /// <summary>Adds the next value that <see cref="Write"/> has written.</summary>
    public abstract void Read(BinaryReader reader);

    /// <summary>Writes a value of a column that it takes.</summary>
    public abstract void Write(BinaryWriter writer, FeatureColumn column, int row);

    /// <summary>The values so far as a column, after which it is empty again.</summary>
    public abstract FeatureColumn Take();
}

/// <inheritdoc/>
internal sealed class FeatureColumnBuilder<T>(string name) : FeatureColumnBuilder
{
    private static readonly (Action<BinaryWriter, T> Write, Func<BinaryReader, T> Read) _form = ValueForm.Of<T>();

    private List<T> _values = [];

    public override bool Takes(FeatureColumn column) => column is FeatureColumn<T> && column.Name == name;

    public override void Add(FeatureColumn column, int start, int count)
    {
        IReadOnlyList<T> values = ((FeatureColumn<T>)column).Values;
        if (values is T[] array)
        {
            _values.AddRange(array.AsSpan(start, count));
            return;
        }

        for (int i = start; i < start + count; i++)
        {
            _values.Add(values[i]);
        }
    }

    public override void Add(FeatureColumn column, int row) => _values.Add(((FeatureColumn<T>)column).Values[row]);

    public override void Read(BinaryReader reader) => _values.Add(_form.Read(reader));

    public override void Write(BinaryWriter writer, FeatureColumn column, int row) =>
        _form.Write(writer, ((FeatureColumn<T>)column).Values[row]);

    public override FeatureColumn Take()
    {
        List<T> values = _values;
        _values = new List<T>(values.Count);
        return FeatureColumn.Create(name, values);
    }
}
