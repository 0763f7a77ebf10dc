using System.Runtime.InteropServices;

namespace GpuKMeans.Measure;

/// <summary>
/// Puts arrays on huge pages, where the system has them for the asking: numpy does so with every large array, so the peers'
/// rows lie on them.
/// </summary>
internal static unsafe partial class HugePages
{
    private const int Advice = 14;

    /// <summary>Asks for huge pages for an array that nothing has been written to yet.</summary>
    public static void Ask(float[] values)
    {
        if (!OperatingSystem.IsLinux())
        {
            return;
        }

        fixed (float* first = values)
        {
            nuint page = (nuint)Environment.SystemPageSize;
            nuint start = ((nuint)first + page - 1) / page * page, end = (nuint)(first + values.Length);
            if (start < end)
            {
                // Advice alone: without it all is the same, but slower.
                _ = Advise((void*)start, end - start, Advice);
            }
        }
    }

    [LibraryImport("libc", EntryPoint = "madvise")]
    private static partial int Advise(void* start, nuint length, int advice);
}
