using System.Runtime.InteropServices;

namespace GpuKMeans.Measure;

/// <summary>CRC-32 (IEEE 802.3) of labels as little-endian int32, as Python's zlib.crc32 computes it.</summary>
internal static class Checksum
{
    public static string Of(ReadOnlySpan<int> labels)
    {
        uint crc = uint.MaxValue;
        foreach (byte value in MemoryMarshal.AsBytes(labels))
        {
            crc ^= value;
            for (int bit = 0; bit < 8; bit++)
            {
                crc = (crc >> 1) ^ (0xEDB88320 & (0 - (crc & 1)));
            }
        }

        return $"{~crc:x8}";
    }
}
