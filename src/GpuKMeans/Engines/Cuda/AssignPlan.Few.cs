using GpuKMeans.Engines.Cuda.Driver;

namespace GpuKMeans.Engines.Cuda;

/// <content>Few centres.</content>
internal sealed partial record AssignPlan
{
    /// <summary>The plan for few centres, whose sums with a row all find room in registers; null where another is faster.</summary>
    private static AssignPlan? ForFewCenters(CudaContext gpu, int dimension, int clusters, bool hopper)
    {
        if (clusters > MostFewClusters(dimension))
        {
            return null;
        }

        (Kernel kernel, int width, int warps) = (clusters, hopper) switch
        {
            (<= 8, _) => (Kernel.AssignFew8, 8, 12),
            (<= 16, _) => (Kernel.AssignFew16, 16, 12),
            (<= 128, true) => dimension > MostPlainColumns ? (Kernel.AssignFewHopperFiner, 128, 8) : (Kernel.AssignFewHopper128, 128, 12),
            (_, true) => (Kernel.AssignFewHopper256, 256, 8),
            (<= 64, _) => (Kernel.AssignFew64, 64, 12),
            (<= 128, _) => (Kernel.AssignFew128, 128, 12),
            _ => (Kernel.AssignFew256, 256, 8),
        };

        // Of Kernels/few.cuh: rings of rows for each warp, and of all centres, 64 columns a stage, or the centres for good; the origin
        // and half squared lengths. On Hopper barriers for so many stages, and four more warps.
        const int warpRows = 16, ring = 3, mostStages = 32, barrierBytes = 2 * mostStages * 8;
        bool finerCenters = width <= 8, sends = hopper && width > 16;
        int halvesEach = finerCenters ? 2 : 1;
        int columns = LongColumnsFor(dimension), chunks = columns / 64, stageBytes = halvesEach * width * 128;
        int besides = ((columns + width) * sizeof(float)) + (warps * ring * warpRows * 64 * sizeof(float)) + (sends ? barrierBytes : 0);
        int room = (gpu.SharedMemory - besides) / stageBytes;
        int stages = sends ? Math.Min(Math.Min(room, chunks), mostStages) : room >= chunks ? chunks : ring;
        if (room < Math.Min(chunks, ring))
        {
            return null;
        }

        return new AssignPlan(
            new(kernel, (warps + (sends ? 4 : 0)) * 32, warps * warpRows, gpu.Multiprocessors, besides + (stages * stageBytes), stages),
            null,
            new(width, columns, columns, ByFours: true, halvesEach));
    }

    /// <summary>
    /// Rows of more columns are rounded finer on Hopper. Up to 1536 that is slower by measurement, though half as many rows stay
    /// undecided; at 4096 columns it would be a quarter of them all, and a fourteenth if finer.
    /// </summary>
    private const int MostPlainColumns = 2048;

    /// <summary>With more clusters another kernel is faster, by measurement.</summary>
    private static int MostFewClusters(int dimension) => dimension switch
    {
        <= 32 => 0,
        <= 64 => 16,
        <= 128 => 128,
        _ => 256,
    };
}
