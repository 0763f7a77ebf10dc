namespace GpuKMeans.Engines.Cuda;

/// <content>k-means++.</content>
internal sealed partial class CudaEngine
{
    public override Seeding StartSeeding(EngineData data) => new CudaSeeding(this, (CudaData)data);
}
