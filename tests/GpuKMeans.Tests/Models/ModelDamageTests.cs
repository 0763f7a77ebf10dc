using System.Buffers.Binary;

namespace GpuKMeans.Tests.Models;

/// <summary>A model file that is cut short, altered or a lie is refused.</summary>
public sealed class ModelDamageTests
{
    private static readonly byte[] _bytes = Bytes();

    [Fact]
    public void A_file_cut_at_any_byte_is_refused()
    {
        for (int length = 0; length < _bytes.Length; length++)
        {
            Assert.Contains("it is cut short", Refusal(_bytes[..length]));
        }
    }

    [Fact]
    public void A_file_with_any_byte_altered_is_refused()
    {
        for (int i = 0; i < _bytes.Length; i++)
        {
            foreach (byte change in (byte[])[1, 0x80, 0xFF])
            {
                byte[] altered = [.. _bytes];
                altered[i] ^= change;
                Assert.StartsWith("This is not a usable k-means model", Refusal(altered));
            }
        }
    }

    [Fact]
    public void What_is_wrong_is_said()
    {
        Assert.Contains("does not begin with \"GPUKMEAN\"", Refusal(new byte[500]));
        Assert.Contains("its version is 2 and this library reads version 1", Refusal(With(8, 2)));
        Assert.Contains("says metric 2, 5 clusters, 9 columns", Refusal(With(12, 2)));
        Assert.Contains("0 clusters", Refusal(With(16, 0)));
        Assert.Contains("-1 clusters", Refusal(With(16, -1)));
        Assert.Contains("0 columns", Refusal(With(20, 0)));
        Assert.Contains("2147483647 clusters, 2147483647 columns", Refusal(With(20, int.MaxValue, With(16, int.MaxValue))));
        Assert.Contains("its checksum does not match", Refusal(With(40, 1)));
    }

    [Theory, InlineData(20_000, 20_000), InlineData(100_000_000, 1), InlineData(1, 400_000_000)]
    public void A_header_that_lies_about_sizes_costs_no_memory(int clusters, int columns)
    {
        byte[] lie = With(20, columns, With(16, clusters));
        long before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Contains("it is cut short", Refusal(lie));
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 8 << 20);
    }

    [Fact]
    public void A_file_that_is_not_there_is_not_found()
    {
        using var folder = new TemporaryFolder();
        Assert.Throws<FileNotFoundException>(() => KMeansModel.Load(folder.File("none")));
        Assert.Throws<ArgumentException>(() => KMeansModel.Load(""));
    }

    private static string Refusal(byte[] bytes)
    {
        using var stream = new MemoryStream(bytes);
        return Assert.Throws<InvalidDataException>(() => KMeansModel.Load(stream)).Message;
    }

    private static byte[] With(int at, int value, byte[]? bytes = null)
    {
        byte[] altered = [.. bytes ?? _bytes];
        BinaryPrimitives.WriteInt32LittleEndian(altered.AsSpan(at), value);
        return altered;
    }

    private static byte[] Bytes()
    {
        using var stream = new MemoryStream();
        ModelFileTests.Model().Save(stream);
        return stream.ToArray();
    }
}
