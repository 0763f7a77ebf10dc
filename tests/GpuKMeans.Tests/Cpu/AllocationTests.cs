using GpuKMeans.Engines;

namespace GpuKMeans.Tests.Cpu;

/// <summary>Steps leave no work for the garbage collector.</summary>
public sealed class AllocationTests
{
    public static TheoryData<string> OneThread => [.. TestEngines.Cpu.Where(name => name.EndsWith("×1", StringComparison.Ordinal))];

    [Theory, MemberData(nameof(OneThread))]
    public void Steps_and_labels_allocate_nothing_after_the_first_call(string name)
    {
        TestSet set = TestData.Get("gaussian", 3000, 5, 40);
        foreach (VectorSource rows in (VectorSource[])[set.Source, set.Rows.Chunk(5).ToArray()])
        {
            using KMeansEngine engine = TestEngines.Create(name, set);
            using EngineData data = engine.Load(rows, set.Weights, set.Frame);
            int[] labels = new int[3000];
            float[] distances = new float[3000];
            var figures = new StepStatistics[5];
            Work();

            // A collection that another test causes is charged to this thread: what the work itself allocates comes each time.
            long least = long.MaxValue;
            for (int attempt = 0; attempt < 5; attempt++)
            {
                long before = GC.GetAllocatedBytesForCurrentThread();
                Work();
                least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
            }

            Assert.Equal(0, least);

            void Work()
            {
                engine.RunSteps(data, RowOrder.Shuffled(3000, 1), 0, 600, figures);
                engine.Assign(data, 0, labels, distances);
                engine.Assign(data, 0, labels, []);
            }
        }
    }
}
