namespace GpuKMeans.Tests;

/// <summary>Shapes (N, D, K) around the widths of vectors, tiles, panels and blocks.</summary>
internal static class Shapes
{
    public static (int N, int D, int K)[] All { get; } =
    [
        (1, 1, 1), (2, 1, 2), (31, 1, 3), (33, 2, 7), (100, 3, 8), (257, 7, 13), (1000, 8, 100), (64, 15, 12),
        (65, 16, 11), (66, 17, 24), (500, 31, 25), (300, 32, 64), (301, 33, 65), (777, 63, 100), (128, 64, 1),
        (129, 65, 2), (1003, 100, 37), (515, 128, 129), (200, 768, 50), (5000, 5, 257), (70000, 2, 3),
        .. Random(count: 6, seed: 20),
    ];

    /// <summary>A few that differ most.</summary>
    public static (int N, int D, int K)[] Few { get; } =
        [(1, 1, 1), (33, 2, 7), (257, 7, 13), (66, 17, 24), (301, 33, 65), (1003, 100, 37), (3000, 5, 40)];

    public static TheoryData<string, int, int, int> EnginesByAll => ByEngine(All);

    public static TheoryData<string, int, int, int> EnginesByFew => ByEngine(Few);

    private static TheoryData<string, int, int, int> ByEngine((int N, int D, int K)[] shapes)
    {
        var cases = new TheoryData<string, int, int, int>();
        foreach (string engine in TestEngines.All)
        {
            foreach ((int n, int d, int k) in shapes)
            {
                cases.Add(engine, n, d, k);
            }
        }

        return cases;
    }

    private static IEnumerable<(int N, int D, int K)> Random(int count, int seed)
    {
        var random = new Random(seed);
        for (int i = 0; i < count; i++)
        {
            yield return (random.Next(1, 900), random.Next(1, 150), random.Next(1, 90));
        }
    }
}
