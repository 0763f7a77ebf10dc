using System.Runtime.CompilerServices;

namespace GpuKMeans.Tests.Estimators;

public sealed class LifetimeTests
{
    [Fact]
    public void A_model_does_not_keep_the_data_alive_that_it_has_seen()
    {
        (KMeansModel model, WeakReference fitted, WeakReference predicted) = Fitted();
        for (int i = 0; i < 3; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }

        Assert.False(fitted.IsAlive);
        Assert.False(predicted.IsAlive);
        GC.KeepAlive(model);
    }

    [Fact]
    public void A_file_closed_while_it_is_read_stays_mapped_until_the_reader_is_done()
    {
        using var folder = new TemporaryFolder();
        VectorSource file = VectorFile.Open(folder.Write("x.npy", Npy.File([1, 2, 3, 4], 4, 1)));
        Assert.True(file.TryPin(out System.Buffers.MemoryHandle handle));
        file.Dispose();
        unsafe
        {
            Assert.Equal([1, 2, 3, 4], new ReadOnlySpan<float>(handle.Pointer, 4).ToArray());
        }

        handle.Dispose();
        Assert.Throws<ObjectDisposedException>(() => file.TryPin(out _));
    }

    // Not inlined: a local of the caller would keep the arrays alive.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static (KMeansModel Model, WeakReference Fitted, WeakReference Predicted) Fitted()
    {
        float[,] rows = TestData.Make("blobs", 3000, 8, 4, seed: 5).Array, others = (float[,])rows.Clone();
        KMeansModel model = new KMeans(4).Fit(rows).Model;
        model.Predict(others);
        return (model, new WeakReference(rows), new WeakReference(others));
    }
}
