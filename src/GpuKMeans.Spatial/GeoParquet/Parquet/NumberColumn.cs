using System.Numerics;

namespace GpuKMeans.Spatial.Parquet;

/// <summary>A column of fixed-width numbers.</summary>
/// <typeparam name="T">The type of a row.</typeparam>
/// <typeparam name="TNumber">The number in the file: int, long, float or double.</typeparam>
internal sealed class NumberColumn<T, TNumber>(ParquetLeaf leaf, IReadOnlyList<T> rows, Func<T, TNumber?> number)
    : ParquetColumn(leaf)
    where TNumber : unmanaged, INumber<TNumber>
{
    private NumberRange<TNumber> _range;

    protected override int Append(int row, ByteBuffer values)
    {
        if (number(rows[row]) is not TNumber value)
        {
            return Null(row);
        }

        values.Write(value);
        _range.Add(value);
        return Leaf.MaxDefinitionLevel;
    }

    protected override ColumnStatistics TakeRange() => _range.Take();
}
