namespace GpuKMeans.Engines.Cuda.Driver;

/// <summary>A mark in a <see cref="CudaStream"/> that others can wait for.</summary>
internal sealed class CudaEvent : IDisposable
{
    private const uint BlockingSync = 1;
    private const uint DisableTiming = 2;

    private nint _handle;

    /// <summary>Makes a mark that is not set.</summary>
    /// <param name="sleeps">Whether a thread that waits for it sleeps, rather than look again and again.</param>
    public CudaEvent(bool sleeps = false) =>
        CudaNative.Check(CudaNative.cuEventCreate(out _handle, DisableTiming | (sleeps ? BlockingSync : 0)));

    public nint Handle => _handle;

    /// <summary>Sets the mark behind the work now in the queue.</summary>
    public void Record(CudaStream stream) => CudaNative.Check(CudaNative.cuEventRecord(_handle, stream.Handle));

    /// <summary>Waits for the mark; at once where it was never set.</summary>
    public void Synchronize() => CudaNative.Check(CudaNative.cuEventSynchronize(_handle));

    public void Dispose()
    {
        if (_handle != 0)
        {
            _ = CudaNative.cuEventDestroy_v2(_handle);
            _handle = 0;
        }
    }
}
