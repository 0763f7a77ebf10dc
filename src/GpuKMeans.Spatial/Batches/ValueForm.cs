namespace GpuKMeans.Spatial;

/// <summary>How a value of each of <see cref="FeatureColumn.SupportedTypes"/> is kept in a temporary file.</summary>
internal static class ValueForm
{
    /// <summary>Writes and reads a value, which may be null where the type may.</summary>
    public static (Action<BinaryWriter, T> Write, Func<BinaryReader, T> Read) Of<T>()
    {
        Type type = typeof(T);
        object form =
            type == typeof(bool) ? Plain((w, v) => w.Write(v), r => r.ReadBoolean())
            : type == typeof(bool?) ? Optional((w, v) => w.Write(v), r => r.ReadBoolean())
            : type == typeof(int) ? Plain((w, v) => w.Write(v), r => r.ReadInt32())
            : type == typeof(int?) ? Optional((w, v) => w.Write(v), r => r.ReadInt32())
            : type == typeof(long) ? Plain((w, v) => w.Write(v), r => r.ReadInt64())
            : type == typeof(long?) ? Optional((w, v) => w.Write(v), r => r.ReadInt64())
            : type == typeof(float) ? Plain((w, v) => w.Write(v), r => r.ReadSingle())
            : type == typeof(float?) ? Optional((w, v) => w.Write(v), r => r.ReadSingle())
            : type == typeof(double) ? Plain((w, v) => w.Write(v), r => r.ReadDouble())
            : type == typeof(double?) ? Optional((w, v) => w.Write(v), r => r.ReadDouble())
            : type == typeof(Guid) ? Plain((w, v) => w.Write(v.ToByteArray()), r => new Guid(r.ReadBytes(16)))
            : type == typeof(Guid?) ? Optional((w, v) => w.Write(v.ToByteArray()), r => new Guid(r.ReadBytes(16)))
            : type == typeof(DateOnly) ? Plain((w, v) => w.Write(v.DayNumber), r => DateOnly.FromDayNumber(r.ReadInt32()))
            : type == typeof(DateOnly?) ? Optional((w, v) => w.Write(v.DayNumber), r => DateOnly.FromDayNumber(r.ReadInt32()))
            : type == typeof(DateTime) ? Plain((w, v) => w.Write(v.ToBinary()), r => DateTime.FromBinary(r.ReadInt64()))
            : type == typeof(DateTime?) ? Optional((w, v) => w.Write(v.ToBinary()), r => DateTime.FromBinary(r.ReadInt64()))
            : type == typeof(DateTimeOffset) ? Plain(WriteOffset, ReadOffset)
            : type == typeof(DateTimeOffset?) ? Optional(WriteOffset, ReadOffset)
            : type == typeof(string) ? Reference((w, v) => WriteText(w, v), ReadText)
            : type == typeof(byte[]) ? Reference((w, v) => WriteBytes(w, v), ReadBytes)
            : throw SpatialErrors.UnsupportedColumnType("", type);
        return ((Action<BinaryWriter, T>, Func<BinaryReader, T>))form;
    }

    private static (Action<BinaryWriter, T>, Func<BinaryReader, T>) Plain<T>(Action<BinaryWriter, T> write, Func<BinaryReader, T> read) =>
        (write, read);

    private static (Action<BinaryWriter, T?>, Func<BinaryReader, T?>) Optional<T>(
        Action<BinaryWriter, T> write, Func<BinaryReader, T> read)
        where T : struct =>
        ((writer, value) =>
        {
            writer.Write(value.HasValue);
            if (value is T there)
            {
                write(writer, there);
            }
        }, reader => reader.ReadBoolean() ? read(reader) : null);

    private static (Action<BinaryWriter, T?>, Func<BinaryReader, T?>) Reference<T>(
        Action<BinaryWriter, T> write, Func<BinaryReader, T> read)
        where T : class =>
        ((writer, value) =>
        {
            writer.Write(value is not null);
            if (value is not null)
            {
                write(writer, value);
            }
        }, reader => reader.ReadBoolean() ? read(reader) : null);

    private static void WriteOffset(BinaryWriter writer, DateTimeOffset value)
    {
        writer.Write(value.Ticks);
        writer.Write(value.Offset.Ticks);
    }

    private static DateTimeOffset ReadOffset(BinaryReader reader) => new(reader.ReadInt64(), new TimeSpan(reader.ReadInt64()));

    // As UTF-16, so that what is no text stays what it is, for the exporter to refuse.
    private static void WriteText(BinaryWriter writer, string value)
    {
        writer.Write(value.Length);
        writer.Write(System.Runtime.InteropServices.MemoryMarshal.AsBytes(value.AsSpan()));
    }

    private static string ReadText(BinaryReader reader) => string.Create(reader.ReadInt32(), reader, static (text, from) =>
        from.BaseStream.ReadExactly(System.Runtime.InteropServices.MemoryMarshal.AsBytes(text)));

    private static void WriteBytes(BinaryWriter writer, byte[] value)
    {
        writer.Write(value.Length);
        writer.Write(value);
    }

    private static byte[] ReadBytes(BinaryReader reader) => reader.ReadBytes(reader.ReadInt32());
}
