using GpuKMeans.Engines;

namespace GpuKMeans;

/// <summary>All that training goes on from, to the bit.</summary>
internal sealed record TrainingState
{
    /// <summary>The passes begun.</summary>
    public int Iteration { get; init; }

    /// <summary>Whether the last of them is not at its end.</summary>
    public bool InPass { get; init; }

    /// <summary>The block of the pass that comes next, or is being worked on.</summary>
    public int Block { get; init; }

    /// <summary>The place in that block at which the next step begins.</summary>
    public long Position { get; init; }

    /// <summary>The sum over the steps of the pass.</summary>
    public double PassInertia { get; init; }

    public double[] Inertias { get; init; } = [];

    public long Steps { get; init; }

    public long RowsSeen { get; init; }

    public long Reseeded { get; init; }

    public long RowsSinceReseeding { get; init; }

    public long Reseedings { get; init; }

    public int FinalIterations { get; init; }

    /// <summary>Whether the final iterations have come to their end.</summary>
    public bool Refined { get; init; }

    public StopReason StopReason { get; init; }

    public double Smoothed { get; init; } = double.NaN;

    public double LeastSmoothed { get; init; } = double.PositiveInfinity;

    public int NotImproved { get; init; }

    /// <summary>K×D centres.</summary>
    public float[] Centers { get; init; } = [];

    /// <summary>K×D running means, of which the centres are the roundings.</summary>
    public double[] Means { get; init; } = [];

    /// <summary>K weights.</summary>
    public double[] Counts { get; init; } = [];

    /// <summary>Adds the centres as an engine has them.</summary>
    public TrainingState With(KMeansEngine engine, int clusters, int dimension)
    {
        TrainingState state = this with
        {
            Centers = new float[clusters * dimension],
            Means = new double[clusters * dimension],
            Counts = new double[clusters],
        };
        engine.GetCenters(state.Centers);
        engine.GetMeans(state.Means);
        engine.GetCounts(state.Counts);
        return state;
    }

    /// <summary>Sets the centres of an engine.</summary>
    public void Restore(KMeansEngine engine, RowFrame frame)
    {
        engine.SetCenters(Centers, Counts, frame);
        engine.SetMeans(Means);
    }

    public void Write(BinaryWriter writer)
    {
        writer.Write(Iteration);
        writer.Write(InPass);
        writer.Write(Block);
        writer.Write(Position);
        writer.Write(PassInertia);
        Write(writer, Inertias);
        writer.Write(Steps);
        writer.Write(RowsSeen);
        writer.Write(Reseeded);
        writer.Write(RowsSinceReseeding);
        writer.Write(Reseedings);
        writer.Write(FinalIterations);
        writer.Write(Refined);
        writer.Write((int)StopReason);
        writer.Write(Smoothed);
        writer.Write(LeastSmoothed);
        writer.Write(NotImproved);
        writer.Write(Centers.Length);
        Array.ForEach(Centers, writer.Write);
        Write(writer, Means);
        Write(writer, Counts);
    }

    public static TrainingState Read(BinaryReader reader) => new()
    {
        Iteration = reader.ReadInt32(),
        InPass = reader.ReadBoolean(),
        Block = reader.ReadInt32(),
        Position = reader.ReadInt64(),
        PassInertia = reader.ReadDouble(),
        Inertias = ReadDoubles(reader),
        Steps = reader.ReadInt64(),
        RowsSeen = reader.ReadInt64(),
        Reseeded = reader.ReadInt64(),
        RowsSinceReseeding = reader.ReadInt64(),
        Reseedings = reader.ReadInt64(),
        FinalIterations = reader.ReadInt32(),
        Refined = reader.ReadBoolean(),
        StopReason = (StopReason)reader.ReadInt32(),
        Smoothed = reader.ReadDouble(),
        LeastSmoothed = reader.ReadDouble(),
        NotImproved = reader.ReadInt32(),
        Centers = ReadSingles(reader),
        Means = ReadDoubles(reader),
        Counts = ReadDoubles(reader),
    };

    private static void Write(BinaryWriter writer, double[] values)
    {
        writer.Write(values.Length);
        Array.ForEach(values, writer.Write);
    }

    private static double[] ReadDoubles(BinaryReader reader)
    {
        double[] values = new double[reader.ReadInt32()];
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = reader.ReadDouble();
        }

        return values;
    }

    private static float[] ReadSingles(BinaryReader reader)
    {
        float[] values = new float[reader.ReadInt32()];
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = reader.ReadSingle();
        }

        return values;
    }
}
