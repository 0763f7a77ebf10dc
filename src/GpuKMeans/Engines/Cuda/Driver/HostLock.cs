namespace GpuKMeans.Engines.Cuda.Driver;

/// <summary>
/// Memory of the process that is locked in place, so that the GPU reads it by itself. All who use the same memory share one
/// lock, which ends with the last of them.
/// </summary>
internal static unsafe class HostLock
{
    private const uint Portable = 1, Mapped = 2, ReadOnly = 8;

    private static readonly Dictionary<nint, (long Bytes, int Users)> s_locks = [];

    /// <summary>Finds where the GPU sees memory that is locked already, and takes part in the lock if it is one of these.</summary>
    /// <param name="address">Where the memory begins.</param>
    /// <param name="bytes">How much of it.</param>
    /// <param name="held">The lock taken part in, for <see cref="Leave"/>; 0 for none.</param>
    /// <returns>The address on the GPU; 0 where the memory is not locked.</returns>
    public static ulong Share(nint address, long bytes, out nint held)
    {
        lock (s_locks)
        {
            held = 0;
            bool overlaps = false;
            foreach ((nint start, (long length, int users)) in s_locks)
            {
                if (address >= start && address + bytes <= start + length)
                {
                    s_locks[start] = (length, users + 1);
                    held = start;
                    return PinnedBuffer.OnDevice(address, bytes);
                }

                overlaps |= address < start + length && start < address + bytes;
            }

            // Locks of parts leave a gap, or end while others go on.
            return overlaps ? 0 : PinnedBuffer.OnDevice(address, bytes);
        }
    }

    /// <summary>Locks memory, unless it is much of what the machine has or the driver will not.</summary>
    /// <inheritdoc cref="Share"/>
    public static ulong Take(nint address, long bytes, out nint held)
    {
        lock (s_locks)
        {
            ulong onDevice = Share(address, bytes, out held);
            if (onDevice != 0 || bytes > GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 2)
            {
                return onDevice;
            }

            // What a file is mapped to may only be read.
            foreach (uint flags in (ReadOnlySpan<uint>)[Portable | Mapped, Portable | Mapped | ReadOnly])
            {
                if (CudaNative.cuMemHostRegister_v2((void*)address, (nuint)bytes, flags) == CudaNative.Success)
                {
                    ulong locked = PinnedBuffer.OnDevice(address, bytes);
                    if (locked == 0)
                    {
                        _ = CudaNative.cuMemHostUnregister((void*)address);
                        return 0;
                    }

                    s_locks.Add(address, (bytes, 1));
                    held = address;
                    return locked;
                }
            }

            return 0;
        }
    }

    /// <summary>Ends one's part in a lock.</summary>
    /// <param name="held">The lock, as it was told; 0 for none.</param>
    public static void Leave(nint held)
    {
        lock (s_locks)
        {
            if (held == 0)
            {
                return;
            }

            (long bytes, int users) = s_locks[held];
            if (users > 1)
            {
                s_locks[held] = (bytes, users - 1);
                return;
            }

            // Nothing can be done about a failure: after an error on the GPU every call fails.
            s_locks.Remove(held);
            _ = CudaNative.cuMemHostUnregister((void*)held);
        }
    }
}
