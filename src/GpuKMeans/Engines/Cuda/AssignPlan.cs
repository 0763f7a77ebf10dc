using GpuKMeans.Engines.Cuda.Driver;

namespace GpuKMeans.Engines.Cuda;

/// <summary>A kernel of assignment, and how it is started.</summary>
/// <param name="Kernel">The kernel.</param>
/// <param name="Threads">Threads of a block.</param>
/// <param name="BlockRows">Rows a block takes at once.</param>
/// <param name="MostBlocks">Blocks that run at once; a block takes further rows when it is done.</param>
/// <param name="SharedBytes">Shared memory of a block.</param>
/// <param name="Stages">Stages of the ring that centres pass through.</param>
/// <param name="Cluster">Blocks that run together and reach each other's shared memory.</param>
/// <param name="BlockRoom">Values of half precision that a block has room for, to round its rows.</param>
internal sealed record AssignKernel(
    Kernel Kernel, int Threads, int BlockRows, int MostBlocks = int.MaxValue, int SharedBytes = 0, int Stages = 0, int Cluster = 1, long BlockRoom = 0)
{
    /// <summary>Whether it looks for the candidates of open rows itself, where these are many.</summary>
    public bool Searches { get; init; }

    /// <summary>The rows that all blocks take at once.</summary>
    public long WaveRows => BlockRows * (long)MostBlocks;

    /// <summary>The blocks to start for so many rows, where so many blocks share the centres for the same rows.</summary>
    public long BlocksFor(int rows, int parts = 1)
    {
        long tiles = (rows + (long)BlockRows - 1) / BlockRows * parts;
        return Math.Min((tiles + Cluster - 1) / Cluster * Cluster, MostBlocks);
    }
}

/// <summary>How the fast pass reads centres: in tiles of half precision, as Kernels/centers.cuh says.</summary>
/// <param name="Centers">The centres of a tile; 0 where none are rounded.</param>
/// <param name="Columns">The columns of a tile; 0 where there are no tiles, but rows of halves.</param>
/// <param name="ValueColumns">Those with values: behind them come columns that make scores keys.</param>
/// <param name="ByFours">Whether columns are in the order of threads that read four neighbours of a row.</param>
/// <param name="HalvesEach">How many halves a value is rounded to.</param>
internal readonly record struct CenterTiles(int Centers, int Columns = 0, int ValueColumns = 0, bool ByFours = false, int HalvesEach = 1);

/// <summary>Which kernels find labels for a shape on a GPU.</summary>
/// <param name="Assign">The fast pass.</param>
/// <param name="Candidates">The pass that looks for the candidates of rows it left undecided; null where none is needed.</param>
/// <param name="Tiles">How the fast pass reads centres.</param>
internal sealed partial record AssignPlan(AssignKernel Assign, AssignKernel? Candidates, CenterTiles Tiles)
{
    // Of Kernels/scan.cuh: open rows of a batch, which are measured to the centres of some classes. Even if all rows are, to all centres,
    // that takes no more than some 0.1 ms.
    private const int MostScannedRows = 1 << 17;
    private const int MostScannedClusters = 4096;
    private const long MostScannedProducts = 1L << 30;

    /// <summary>The fast pass for so few rows that each multiprocessor has one block of them; null where it is the same.</summary>
    public AssignKernel? AssignBatch { get; init; }

    /// <summary>The kernel of the fast pass for so many rows.</summary>
    public AssignKernel AssignFor(int rows) => AssignBatch is { } batch && rows <= batch.BlockRows * (long)batch.MostBlocks ? batch : Assign;

    /// <summary>Whether so few rows may be left undecided that no candidates need be looked for.</summary>
    public bool IsScanned(int rows, int dimension, int clusters) =>
        (Candidates is not null || Assign.Searches) && rows <= MostScannedRows && clusters <= MostScannedClusters
        && rows * (long)clusters * dimension <= MostScannedProducts;

    // Of Kernels/centers.cuh: rows that find room in registers.
    private const int ShortColumns = 128;

    // Of Kernels/hopper_long.cuh and assign_wide.cu.
    private const int LongTileCenters = 256, WideTileCenters = 256;

    // As much as a part of the rows is given for rounding.
    private const long MostRoundingRoom = 1 << 28;

    /// <summary>Makes the plan.</summary>
    /// <param name="gpu">The GPU.</param>
    /// <param name="dimension">The number of columns.</param>
    /// <param name="clusters">The number of centres.</param>
    /// <param name="useHopper">Whether the kernel for Hopper may be used.</param>
    /// <param name="useFew">Whether the kernels for few centres may be used.</param>
    public static AssignPlan For(CudaContext gpu, int dimension, int clusters, bool useHopper, bool useFew)
    {
        // Below 16 columns plain float32 is as fast as memory, and leaves next to nothing undecided.
        if (dimension < 16)
        {
            return InFloat32(dimension);
        }

        bool hopper = useHopper && gpu.Device.ComputeCapability.Major == 9;
        if (useFew && ForFewCenters(gpu, dimension, clusters, hopper) is { } few)
        {
            return few;
        }

        AssignKernel candidates = ForCandidates(gpu);
        if (dimension <= ShortColumns)
        {
            // After the values come those that make scores keys, in whole steps of the tensor cores.
            int columns = ShortColumnsFor(dimension);
            if (hopper && clusters > MostHeldClusters(columns))
            {
                if (columns == ShortColumns)
                {
                    return new AssignPlan(ForShortRows(gpu, clusters), candidates, new(128, columns + 16, columns, ByFours: true))
                    {
                        AssignBatch = ForBatch(gpu, clusters),
                    };
                }

                AssignKernel ofShared = ForSharedRows(gpu, clusters);
                if (ofShared.Stages >= 2)
                {
                    return new AssignPlan(ofShared, candidates, new(128, columns + 16, columns));
                }
            }

            AssignKernel ofHeld = ForHeldRows(gpu, columns, clusters);
            return new AssignPlan(ofHeld, ofHeld.Searches ? null : candidates, new(128, columns + 8, columns, ByFours: true));
        }

        if (hopper)
        {
            int columns = LongColumnsFor(dimension);
            AssignKernel ofLong = ForLongRows(gpu, columns);
            if (ofLong.SharedBytes <= gpu.SharedMemory && ofLong.MostBlocks * ofLong.BlockRoom <= MostRoundingRoom)
            {
                return new AssignPlan(ofLong, candidates, new(LongTileCenters, columns, columns));
            }
        }

        return ForWideTiles(gpu, LongColumnsFor(dimension), candidates);
    }

    /// <summary>The plan for longer rows on any GPU.</summary>
    private static AssignPlan ForWideTiles(CudaContext gpu, int columns, AssignKernel candidates)
    {
        // Of Kernels/assign_wide.cu: stages of 64 columns of rows and centres, and margins; rounded rows, and the origin in float32.
        const int rows = 128, stageBytes = (rows + WideTileCenters) * 64 * 2, marginBytes = rows * sizeof(float), mostStages = 4;
        int stages = Math.Clamp((gpu.SharedMemory - marginBytes) / stageBytes, 2, mostStages);
        return new AssignPlan(
            new(Kernel.AssignWide, 256, rows, gpu.Multiprocessors, (stages * stageBytes) + marginBytes, stages, BlockRoom: (rows + 2) * (long)columns),
            candidates,
            new(WideTileCenters, columns, columns));
    }

    /// <summary>The kernel that looks for candidates, with two blocks on a multiprocessor if they find room, so that one computes while
    /// the other reads.</summary>
    private static AssignKernel ForCandidates(CudaContext gpu)
    {
        // Of Kernels/candidates.cu: stages of 64 columns of rows and of centres, and TileState.
        const int stageBytes = 2 * 128 * 128, stateBytes = 2 * 128 * sizeof(float);
        for (int blocks = 2; ; blocks--)
        {
            int room = Math.Min(gpu.SharedMemory, (gpu.SharedMemoryInAll / blocks) - 1024);
            int stages = Math.Clamp((room - stateBytes) / stageBytes, 2, 3);
            int bytes = stateBytes + (stages * stageBytes);
            if (bytes <= room || blocks == 1)
            {
                return new AssignKernel(Kernel.FindCandidates, 128, 128, blocks * gpu.Multiprocessors, bytes, stages);
            }
        }
    }

    /// <summary>The kernel for any GPU that holds rows in registers: as many blocks as find registers and shared memory.</summary>
    private static AssignKernel ForHeldRows(CudaContext gpu, int columns, int clusters)
    {
        // Of Kernels/held.cuh: all tiles of centres, or a ring of them, with barriers; and how many keys can name.
        const int mostStages = 6, mostTiles = 64, barrierBytes = 2 * 8;
        (Kernel held, Kernel ring, int threads, int blocks) = columns switch
        {
            16 => (Kernel.AssignHeld16, Kernel.AssignRing16, 128, 6),
            32 => (Kernel.AssignHeld32, Kernel.AssignRing32, 128, 5),
            64 => (Kernel.AssignHeld64, Kernel.AssignRing64, 128, 4),
            _ => (Kernel.AssignHeld128, Kernel.AssignRing128, 384, 1),
        };
        int tiles = (clusters + 127) / 128, tileBytes = 256 * (columns + 8), stages;
        do
        {
            int room = Math.Min(gpu.SharedMemory, (gpu.SharedMemoryInAll / blocks) - 1024);
            stages = room >= tiles * (long)tileBytes && tiles <= mostTiles ? tiles : Math.Min(room / (tileBytes + barrierBytes), mostStages);
        }
        while (stages < Math.Min(tiles, 2) && --blocks > 0);
        bool all = stages == tiles;
        (Kernel kernel, int stageBytes) = all ? (held, tileBytes) : (ring, tileBytes + barrierBytes);
        return new AssignKernel(kernel, threads, threads, blocks * gpu.Multiprocessors, stages * stageBytes, stages) { Searches = all };
    }

    /// <summary>The kernel for Hopper that has rows in shared memory.</summary>
    private static AssignKernel ForSharedRows(CudaContext gpu, int clusters)
    {
        // Of Kernels/hopper_shared.cuh: a ring of rounded rows and one of rows, SharedState, and tiles of centres.
        const int rows = 64, ring = 3, ahead = 2, mostTiles = 8, columns = 64 + 16, tileBytes = 128 * columns * 2;
        const int roundedBytes = columns / 8 * ((rows * 16) + 16), rowBytes = rows * 64 * sizeof(float);
        const int stateBytes = (((ahead * 4) + (ring * 3) + (mostTiles * 2)) * 8) + (ring * (rows + 4) * 4);
        const int bytes = (ring * roundedBytes) + (ahead * rowBytes) + stateBytes;
        int stages = Math.Min(Math.Min((clusters + 127) / 128, mostTiles), (gpu.SharedMemory - bytes) / tileBytes);
        return new AssignKernel(Kernel.AssignShared64, 512, rows, gpu.Multiprocessors, bytes + (stages * tileBytes), stages);
    }

    /// <summary>The kernel for Hopper that has rows in registers.</summary>
    private static AssignKernel ForShortRows(CudaContext gpu, int clusters) => ForShortRows(gpu, Kernel.AssignShort128, clusters, 3 * 64, 0);

    /// <summary>The same for a small batch: three groups of four warps share 64 rows, and pass on what they have found.</summary>
    private static AssignKernel ForBatch(CudaContext gpu, int clusters)
    {
        // Of Kernels/hopper_batch.cuh, PassedRows: of two sets three words, and eight places.
        const int passedBytes = 2 * 128 * 2 * ((2 * 3) + 8) * sizeof(int);
        return ForShortRows(gpu, Kernel.AssignBatch128, clusters, 64, passedBytes);
    }

    private static AssignKernel ForShortRows(CudaContext gpu, Kernel kernel, int clusters, int blockRows, int staticBytes)
    {
        // Of Kernels/hopper_short.cuh: a ring of tiles of centres, and ShortState.
        const int threads = 512, mostStages = 32, barrierBytes = 2 * mostStages * 8, tileBytes = 256 * (ShortColumns + 16);
        int room = Math.Min(gpu.SharedMemory, gpu.SharedMemoryInAll - 1024) - staticBytes;
        int stages = Math.Min((room - barrierBytes) / tileBytes, Math.Min(mostStages, (clusters + 127) / 128));
        return new AssignKernel(kernel, threads, blockRows, gpu.Multiprocessors, barrierBytes + (stages * tileBytes), stages);
    }

    /// <summary>The kernel for Hopper that rounds longer rows while it multiplies those before.</summary>
    private static AssignKernel ForLongRows(CudaContext gpu, int columns)
    {
        // Of Kernels/hopper_long.cuh: stages of 64 columns of rows and centres, and LongState, with the origin.
        const int rows = 128, stages = 4, slots = 3;
        const int stageBytes = (rows + LongTileCenters) * 64 * 2;
        const int stateBytes = (((2 * stages) + 4 + slots + 1) * 8) + (slots * LongTileCenters * 4);
        int bytes = (stages * stageBytes) + stateBytes + (columns * 4);
        return new AssignKernel(
            Kernel.AssignLong, 384, rows, gpu.Multiprocessors / 2 * 2, bytes, stages, Cluster: 2, BlockRoom: 2L * rows * columns);
    }

    /// <summary>With more clusters the kernel for Hopper is faster where there is one, by measurement.</summary>
    private static int MostHeldClusters(int columns) => columns <= 32 ? int.MaxValue : 128;

    private static int ShortColumnsFor(int dimension) => dimension switch
    {
        <= 16 => 16,
        <= 32 => 32,
        <= 64 => 64,
        _ => ShortColumns,
    };

    private static int LongColumnsFor(int dimension) => (dimension + 63) / 64 * 64;
}
