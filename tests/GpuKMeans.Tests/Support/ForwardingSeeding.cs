using GpuKMeans.Engines;

namespace GpuKMeans.Tests;

/// <summary>Asks another for everything: what watches or changes one thing overrides that. Whoever made the other disposes it.</summary>
internal abstract class ForwardingSeeding(Seeding inner) : Seeding
{
    public override double Potential => inner.Potential;

    public override int PoolSize => inner.PoolSize;

    public override bool KeepsPrepared => inner.KeepsPrepared;

    public override bool FillsPool => inner.FillsPool;

    public override void Prepare(ReadOnlySpan<long> rows) => inner.Prepare(rows);

    public override void Evaluate(ReadOnlySpan<long> candidates, Span<double> potentials) => inner.Evaluate(candidates, potentials);

    public override void Accept(int candidate) => inner.Accept(candidate);

    public override float SquaredDistance(long row) => inner.SquaredDistance(row);

    public override void Find(ReadOnlySpan<double> shares, Span<long> rows, Span<float> squaredDistances) =>
        inner.Find(shares, rows, squaredDistances);

    protected override void Dispose(bool disposing)
    {
    }
}
