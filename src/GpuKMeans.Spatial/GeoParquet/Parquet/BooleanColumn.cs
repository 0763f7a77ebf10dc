namespace GpuKMeans.Spatial.Parquet;

/// <summary>A column of booleans: a bit each, least significant first.</summary>
internal sealed class BooleanColumn<T>(ParquetLeaf leaf, IReadOnlyList<T> rows, Func<T, bool?> boolean)
    : ParquetColumn(leaf)
{
    private int _bits;
    private byte _pending;
    private bool _anyFalse;
    private bool _anyTrue;

    // Values that share a byte.
    public override bool MayRepeat => false;

    protected override int Append(int row, ByteBuffer values)
    {
        if (boolean(rows[row]) is not bool value)
        {
            return Null(row);
        }

        // A page starts with an empty buffer, and with it a byte of its own.
        if (values.Length == 0 || _bits == 8)
        {
            (_bits, _pending) = (0, 0);
            values.Append(1);
        }

        _pending |= (byte)((value ? 1 : 0) << _bits++);
        values.WriteAt(values.Length - 1, _pending);
        _anyFalse |= !value;
        _anyTrue |= value;
        return Leaf.MaxDefinitionLevel;
    }

    protected override ColumnStatistics TakeRange()
    {
        ColumnStatistics range = _anyFalse || _anyTrue
            ? new(NullCount: 0, [(byte)(_anyFalse ? 0 : 1)], [(byte)(_anyTrue ? 1 : 0)])
            : new(NullCount: 0);
        (_anyFalse, _anyTrue) = (false, false);
        return range;
    }
}
