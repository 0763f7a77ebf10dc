using GpuKMeans.Engines.Cuda.Driver;

namespace GpuKMeans.Engines.Cuda;

/// <summary>Which kernel finds labels, and how it is started.</summary>
/// <param name="Assign">The fast pass.</param>
/// <param name="Candidates">The pass over rows it left undecided; null where all centres are candidates.</param>
/// <param name="RoundsRows">Whether rows are rounded beforehand.</param>
/// <param name="Threads">Threads of a block.</param>
/// <param name="BlockRows">Rows a block takes at once.</param>
/// <param name="MostBlocks">Blocks that run at once; a block takes further rows when it is done.</param>
/// <param name="SharedBytes">Shared memory of a block.</param>
/// <param name="Stages">Stages of the ring that centres pass through.</param>
internal sealed record AssignPlan(
    Kernel Assign, Kernel? Candidates, bool RoundsRows, int Threads, int BlockRows, int MostBlocks, int SharedBytes, int Stages)
{
    // Of Kernels/assign.cu: TileState, and 128 rows of 64 columns with their padding.
    private const int StateBytes = 6 * 128 * 4;
    private const int StageBytes = 128 * 144;

    /// <summary>Makes the plan for a shape on a GPU.</summary>
    public static AssignPlan For(CudaContext gpu, int dimension, int paddedColumns)
    {
        // Below 16 columns plain float32 is as fast as memory, and leaves next to nothing undecided.
        if (dimension < 16)
        {
            Kernel direct = dimension switch
            {
                <= 2 => Kernel.AssignDirect2,
                <= 4 => Kernel.AssignDirect4,
                <= 8 => Kernel.AssignDirect8,
                _ => Kernel.AssignDirect16,
            };
            return new AssignPlan(direct, null, false, 256, 256, int.MaxValue, 0, 0);
        }

        // Two blocks on a multiprocessor, so that one computes while the other reads rows; and rows that stay.
        int rows = 128 * ((paddedColumns * 2) + 16);
        for (int blocks = 2; blocks >= 1; blocks--)
        {
            int room = Math.Min(gpu.SharedMemory, (gpu.SharedMemoryInAll / blocks) - 1024);
            for (int stages = 3; stages >= 2; stages--)
            {
                int bytes = StateBytes + rows + (stages * StageBytes);
                if (bytes <= room)
                {
                    return new AssignPlan(
                        Kernel.AssignResident, Kernel.CandidatesResident, false, 128, 128, blocks * gpu.Multiprocessors, bytes, stages);
                }
            }

            for (int stages = 3; stages >= 2; stages--)
            {
                int bytes = StateBytes + (2 * stages * StageBytes);
                if (bytes <= room)
                {
                    return new AssignPlan(
                        Kernel.AssignStreamed, Kernel.CandidatesStreamed, true, 128, 128, blocks * gpu.Multiprocessors, bytes, stages);
                }
            }
        }

        throw new PlatformNotSupportedException($"{gpu.Device.Name} has too little shared memory: {gpu.SharedMemory} bytes a block.");
    }
}
