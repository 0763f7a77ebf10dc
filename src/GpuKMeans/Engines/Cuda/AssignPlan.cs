using GpuKMeans.Engines.Cuda.Driver;

namespace GpuKMeans.Engines.Cuda;

/// <summary>A kernel of assignment, and how it is started.</summary>
/// <param name="Kernel">The kernel.</param>
/// <param name="Threads">Threads of a block.</param>
/// <param name="BlockRows">Rows a block takes at once.</param>
/// <param name="MostBlocks">Blocks that run at once; a block takes further rows when it is done.</param>
/// <param name="SharedBytes">Shared memory of a block.</param>
/// <param name="Stages">Stages of the ring that centres pass through.</param>
/// <param name="Buffers">Buffers of rows.</param>
internal sealed record AssignKernel(
    Kernel Kernel, int Threads, int BlockRows, int MostBlocks = int.MaxValue, int SharedBytes = 0, int Stages = 0, int Buffers = 1);

/// <summary>Which kernels find labels for a shape on a GPU.</summary>
/// <param name="Assign">The fast pass.</param>
/// <param name="Candidates">The pass over rows it left undecided; null where all centres are candidates.</param>
/// <param name="RoundsRows">Whether all rows are rounded before the fast pass.</param>
/// <param name="TiledColumns">The columns of the tiles of centres that the kernel for Hopper reads; 0 for none.</param>
internal sealed record AssignPlan(AssignKernel Assign, AssignKernel? Candidates, bool RoundsRows, int TiledColumns)
{
    /// <summary>Makes the plan.</summary>
    /// <param name="gpu">The GPU.</param>
    /// <param name="dimension">The number of columns.</param>
    /// <param name="useHopper">Whether the kernel for Hopper may be used.</param>
    public static AssignPlan For(CudaContext gpu, int dimension, bool useHopper)
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
            return new AssignPlan(new AssignKernel(direct, 256, 256), null, false, 0);
        }

        AssignKernel candidates = Tiled(gpu, Kernel.FindCandidates, null);
        if (useHopper && gpu.Device.ComputeCapability.Major == 9 && ForHopper(gpu, dimension) is { } hopper)
        {
            return new AssignPlan(hopper, candidates, false, TiledColumnsFor(dimension));
        }

        // Rows stay in shared memory where two blocks find room on a multiprocessor, else they pass by as centres do.
        AssignKernel resident = Tiled(gpu, Kernel.AssignResident, (dimension + 15) / 16 * 16);
        bool stays = resident.MostBlocks > gpu.Multiprocessors;
        return new AssignPlan(stays ? resident : candidates with { Kernel = Kernel.AssignStreamed }, candidates, !stays, 0);
    }

    /// <summary>A kernel of Kernels/assign.cu, with two blocks on a multiprocessor if they find room, so that one computes
    /// while the other reads.</summary>
    /// <param name="gpu">The GPU.</param>
    /// <param name="kernel">The kernel.</param>
    /// <param name="columns">The columns of rows that stay in shared memory; null where they pass by.</param>
    private static AssignKernel Tiled(CudaContext gpu, Kernel kernel, int? columns)
    {
        // TileState; and 128 rows of 64 columns with their padding.
        const int stateBytes = 6 * 128 * 4, stageBytes = 128 * 144;

        int BytesFor(int stages) => stateBytes + (stages * stageBytes) + (columns is { } c ? 128 * ((c * 2) + 16) : stages * stageBytes);
        for (int blocks = 2; blocks >= 1; blocks--)
        {
            int room = Math.Min(gpu.SharedMemory, (gpu.SharedMemoryInAll / blocks) - 1024);
            for (int stages = 3; stages >= 2; stages--)
            {
                if (BytesFor(stages) <= room)
                {
                    return new AssignKernel(kernel, 128, 128, blocks * gpu.Multiprocessors, BytesFor(stages), stages);
                }
            }
        }

        return new AssignKernel(kernel, 128, 128, 0);
    }

    /// <summary>The kernel for Hopper, with as much shared memory as it can use; null where rows are too long for it.</summary>
    private static AssignKernel? ForHopper(CudaContext gpu, int dimension)
    {
        int columns = TiledColumnsFor(dimension), steps = columns <= 128 ? columns / 16 : 4;
        int groups = columns <= 128 ? 3 : 2, blockRows = groups * 64;

        // Of Kernels/assign_sm90a.cu: rows in blocks, the ring, and BlockState.
        const int mostStages = 8;
        int rowBytes = ((columns / 8 * ((blockRows * 16) + 16)) + 127) / 128 * 128, stageBytes = 128 * steps * 32;
        for (int buffers = 2; buffers >= 1; buffers--)
        {
            int left = gpu.SharedMemory - (buffers * rowBytes) - (160 + (buffers * blockRows * 8));
            int stages = Math.Min(mostStages, left / stageBytes);
            if (left > 0 && stages >= 2)
            {
                Kernel kernel = columns > 128 ? Kernel.AssignHopperWide
                    : steps == 1 ? Kernel.AssignHopper16
                    : steps == 2 ? Kernel.AssignHopper32
                    : steps == 4 ? Kernel.AssignHopper64
                    : Kernel.AssignHopper128;
                int bytes = gpu.SharedMemory - left + (stages * stageBytes);
                return new AssignKernel(kernel, 128 * (groups + 1), blockRows, gpu.Multiprocessors, bytes, stages, buffers);
            }
        }

        return null;
    }

    private static int TiledColumnsFor(int dimension) => dimension <= 16 ? 16 : dimension <= 32 ? 32 : (dimension + 63) / 64 * 64;
}
