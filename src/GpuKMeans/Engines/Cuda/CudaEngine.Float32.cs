using GpuKMeans.Engines.Cuda.Driver;

namespace GpuKMeans.Engines.Cuda;

/// <content>Assignment in plain float32.</content>
internal sealed partial class CudaEngine
{
    // Of Kernels/squares.cuh: the rows and centres of a tile.
    private const int Float32TileRows = 128, Float32TileCenters = 64;

    /// <summary>Into how many parts the centres go for so many rows: as few as give every multiprocessor three blocks.</summary>
    private int Float32Parts(int rows) => (int)Math.Clamp(
        3 * _context.Multiprocessors / Blocks(rows, Float32TileRows), 1, Blocks(_centers.Count, Float32TileCenters));

    private void AssignInFloat32(in AssignArgs assign)
    {
        var arguments = new Float32Args { Assign = assign, Nearest = _work.Nearest.Pointer };
        int n = assign.Rows.Count;
        _stream.Launch(Kernel.AssignFloat32, Blocks(n, Float32TileRows), 128, arguments, blocksY: assign.Parts);
        _stream.Launch(Kernel.DecideFloat32, Blocks(n, 32), 128, arguments);
    }
}
