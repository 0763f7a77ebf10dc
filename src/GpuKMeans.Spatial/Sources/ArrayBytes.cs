using System.Buffers.Binary;

namespace GpuKMeans.Spatial;

/// <summary>
/// A real[] as PostgreSQL's array_send gives it: numbers of 4 bytes with the highest first. The number of dimensions,
/// whether there are nulls, the type; for each dimension its length and its lowest index; each value after its length.
/// </summary>
internal static class ArrayBytes
{
    private const int LengthOffset = 12, FirstValue = 20, ValueStride = 8;

    /// <summary>Copies the values of one vector.</summary>
    /// <exception cref="InvalidDataException">It has another length, holds nulls or rows; the message names the row.</exception>
    public static void Copy(ReadOnlySpan<byte> array, Span<float> destination, long row)
    {
        int dimensions = BinaryPrimitives.ReadInt32BigEndian(array);
        if (dimensions > 1)
        {
            throw QueryErrors.ArrayOfArrays(row);
        }

        int length = dimensions == 0 ? 0 : BinaryPrimitives.ReadInt32BigEndian(array[LengthOffset..]);
        if (length != destination.Length)
        {
            throw QueryErrors.VectorLength(row, length, destination.Length);
        }

        // A null takes no bytes for its value: with none, all values are where they should be.
        if (array.Length != FirstValue + (length * ValueStride))
        {
            throw QueryErrors.NullInVector(row);
        }

        ReadOnlySpan<byte> values = array[FirstValue..];
        for (int i = 0; i < destination.Length; i++)
        {
            destination[i] = BinaryPrimitives.ReadSingleBigEndian(values[((i * ValueStride) + sizeof(int))..]);
        }
    }
}
