using System.Text;

namespace GpuKMeans.Spatial.Parquet;

/// <summary>Writes Thrift structs in the compact protocol, which Parquet uses for page headers and the footer.</summary>
internal sealed class ThriftCompactWriter(ByteBuffer output)
{
    private readonly Stack<int> _outerFields = new();
    private int _lastField;

    private enum WireType : byte
    {
        True = 1,
        False = 2,
        I16 = 4,
        I32 = 5,
        I64 = 6,
        Binary = 8,
        List = 9,
        Struct = 12,
    }

    public void Bool(int field, bool value) => Header(field, value ? WireType.True : WireType.False);

    public void I16(int field, short value)
    {
        Header(field, WireType.I16);
        ZigZag(value);
    }

    public void I32(int field, int value)
    {
        Header(field, WireType.I32);
        ZigZag(value);
    }

    public void I64(int field, long value)
    {
        Header(field, WireType.I64);
        ZigZag(value);
    }

    public void Binary(int field, ReadOnlySpan<byte> value)
    {
        Header(field, WireType.Binary);
        Bytes(value);
    }

    public void String(int field, string value) => Binary(field, Encoding.UTF8.GetBytes(value));

    /// <summary>Opens a struct as a field of the current one.</summary>
    public void BeginStruct(int field)
    {
        Header(field, WireType.Struct);
        BeginStruct();
    }

    /// <summary>Opens a struct as the outermost one or as an element of a list.</summary>
    public void BeginStruct()
    {
        _outerFields.Push(_lastField);
        _lastField = 0;
    }

    public void EndStruct()
    {
        output.Write<byte>(0);
        _lastField = _outerFields.Pop();
    }

    /// <summary>A struct without fields: Thrift's way to name one choice of a union.</summary>
    public void EmptyStruct(int field)
    {
        BeginStruct(field);
        EndStruct();
    }

    public void ListOfStructs(int field, int count) => ListHeader(field, WireType.Struct, count);

    public void ListOfI32(int field, params ReadOnlySpan<int> values)
    {
        ListHeader(field, WireType.I32, values.Length);
        foreach (int value in values)
        {
            ZigZag(value);
        }
    }

    public void ListOfStrings(int field, IReadOnlyCollection<string> values)
    {
        ListHeader(field, WireType.Binary, values.Count);
        foreach (string value in values)
        {
            Bytes(Encoding.UTF8.GetBytes(value));
        }
    }

    // A field's number is written as the step from the field before it, in four bits where that is enough.
    private void Header(int field, WireType type)
    {
        int step = field - _lastField;
        if (step is > 0 and <= 15)
        {
            output.Write((byte)(step << 4 | (int)type));
        }
        else
        {
            output.Write((byte)type);
            ZigZag(field);
        }

        _lastField = field;
    }

    private void ListHeader(int field, WireType type, int count)
    {
        Header(field, WireType.List);
        if (count < 15)
        {
            output.Write((byte)(count << 4 | (int)type));
        }
        else
        {
            output.Write((byte)(0xF0 | (int)type));
            output.WriteVarint((ulong)count);
        }
    }

    private void Bytes(ReadOnlySpan<byte> value)
    {
        output.WriteVarint((ulong)value.Length);
        output.Write(value);
    }

    private void ZigZag(long value) => output.WriteVarint((ulong)(value << 1 ^ value >> 63));
}
