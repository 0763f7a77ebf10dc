using GpuKMeans.Spatial.Parquet;

namespace GpuKMeans.Spatial;

/// <summary>
/// The struct column "bbox" with the box of each geometry: its four columns, and the boxes of the row group at hand.
/// </summary>
/// <remarks>
/// The struct is null exactly where the geometry is. An empty geometry has a struct whose fields are null: no box
/// holds it, and a reader that asks which boxes meet a window rightly skips it, as it would not with NaN.
/// </remarks>
internal sealed class BboxCovering
{
    /// <summary>The struct's name.</summary>
    public const string Name = "bbox";

    private readonly List<Bounds?> _boxes = [];
    private readonly ParquetGroup _group = new(Name, IsOptional: true);
    private int _firstRow;

    public BboxCovering() => Columns =
    [
        new Side(this, "xmin", b => b.MinX), new Side(this, "ymin", b => b.MinY),
        new Side(this, "xmax", b => b.MaxX), new Side(this, "ymax", b => b.MaxY),
    ];

    /// <summary>The columns, to be written after that of the geometries.</summary>
    public IReadOnlyList<ParquetColumn> Columns { get; }

    /// <summary>Forgets the boxes so far: the next is that of <paramref name="firstRow"/>.</summary>
    public void BeginRowGroup(int firstRow)
    {
        _boxes.Clear();
        _firstRow = firstRow;
    }

    /// <summary>Adds the box of the next row: null where there is no geometry, empty where that is empty.</summary>
    public void Add(Bounds? box) => _boxes.Add(box);

    private sealed class Side(BboxCovering covering, string name, Func<Bounds, double> side)
        : ParquetColumn(new ParquetLeaf(name, IsOptional: true, ParquetType.Double, covering._group))
    {
        private NumberRange<double> _range;

        public override bool MayRepeat => false;

        protected override int Append(int row, ByteBuffer values)
        {
            if (covering._boxes[row - covering._firstRow] is not Bounds box)
            {
                return 0;
            }

            if (box.IsEmpty)
            {
                return 1;
            }

            double value = side(box);
            values.Write(value);
            _range.Add(value);
            return Leaf.MaxDefinitionLevel;
        }

        protected override ColumnStatistics TakeRange() => _range.Take();
    }
}
