using System.Numerics.Tensors;

namespace GpuKMeans;

/// <summary>Finds what is wrong with a row.</summary>
internal static class RowCheck
{
    /// <summary>The largest squared norm a row may have, so that no squared distance leaves float32's range.</summary>
    public const float LargestSquaredNorm = float.MaxValue / 16;

    /// <summary>Whether all values are finite and their squares add up to no more than <see cref="LargestSquaredNorm"/>.</summary>
    public static bool IsFit(ReadOnlySpan<float> row) => TensorPrimitives.SumOfSquares(row) <= LargestSquaredNorm;

    /// <summary>Throws the error that names the first value that is not finite, or the row as too large.</summary>
    public static void ThrowNotFinite(ReadOnlySpan<float> row, long number)
    {
        for (int column = 0; column < row.Length; column++)
        {
            if (!float.IsFinite(row[column]))
            {
                throw KMeansErrors.NotFinite(number, column, row[column]);
            }
        }

        throw KMeansErrors.TooLarge(number);
    }
}
