using System.Collections.Immutable;

namespace GpuKMeans.Spatial;

/// <summary>A named column of values, one for each row of a <see cref="ClusteredFeatures"/>.</summary>
/// <remarks>
/// The element types that every exporter understands are <see cref="SupportedTypes"/>; the value types among them may
/// also be nullable, and a reference may be null, which is written as NULL. Columns are immutable views: the list
/// given is not copied, so leave it unchanged until the export is done.
/// </remarks>
public abstract class FeatureColumn
{
    private protected FeatureColumn(string name, Type elementType, bool isNullable)
    {
        Name = name;
        ElementType = elementType;
        IsNullable = isNullable;
    }

    /// <summary>The element types a column may have.</summary>
    public static ImmutableArray<Type> SupportedTypes { get; } =
    [
        typeof(bool), typeof(int), typeof(long), typeof(float), typeof(double), typeof(string), typeof(Guid),
        typeof(DateOnly), typeof(DateTime), typeof(DateTimeOffset), typeof(byte[]),
    ];

    /// <summary>The column's name: not empty, and unique in its table.</summary>
    public string Name { get; }

    /// <summary>The type of a value, without <see cref="Nullable{T}"/>: one of <see cref="SupportedTypes"/>.</summary>
    public Type ElementType { get; }

    /// <summary>Whether values may be null: true for <c>T?</c> of a value type and for reference types.</summary>
    public bool IsNullable { get; }

    /// <summary>The number of values.</summary>
    public abstract int Count { get; }

    /// <summary>The value of a row, boxed; null where it is absent.</summary>
    /// <param name="row">The row, from 0 to <see cref="Count"/> − 1.</param>
    public abstract object? this[int row] { get; }

    /// <summary>An empty column of the same name and type, to be filled.</summary>
    internal abstract FeatureColumnBuilder NewBuilder();

    /// <summary>Makes a column over a list of values.</summary>
    /// <typeparam name="T">One of <see cref="SupportedTypes"/>, or the nullable form of a value type among them.</typeparam>
    /// <param name="name">The column's name.</param>
    /// <param name="values">One value a row.</param>
    /// <exception cref="ArgumentException">The name is empty, or the type is not supported.</exception>
    public static FeatureColumn<T> Create<T>(string name, IReadOnlyList<T> values) => new(name, values);
}

/// <summary>A <see cref="FeatureColumn"/> whose values can be read without boxing.</summary>
/// <typeparam name="T">The type of a value, nullable where values may be absent.</typeparam>
public sealed class FeatureColumn<T> : FeatureColumn
{
    internal FeatureColumn(string name, IReadOnlyList<T> values)
        : base(Checked(name), Nullable.GetUnderlyingType(typeof(T)) ?? typeof(T), default(T) is null)
    {
        ArgumentNullException.ThrowIfNull(values);
        if (!SupportedTypes.Contains(ElementType))
        {
            throw SpatialErrors.UnsupportedColumnType(name, typeof(T));
        }

        Values = values;
    }

    /// <summary>The values, one a row.</summary>
    public IReadOnlyList<T> Values { get; }

    /// <inheritdoc/>
    public override int Count => Values.Count;

    /// <inheritdoc/>
    public override object? this[int row] => Values[row];

    internal override FeatureColumnBuilder NewBuilder() => new FeatureColumnBuilder<T>(Name);

    private static string Checked(string name)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        return name;
    }
}
