using GpuKMeans.Engines.Cpu;

namespace GpuKMeans.Tests.Cpu;

/// <summary>Every unit is done once, by someone, whatever happens.</summary>
public sealed class WorkerTeamTests
{
    private const double Shared = double.PositiveInfinity;

    [Theory, InlineData(1), InlineData(2), InlineData(5)]
    public void Every_unit_of_many_small_jobs_is_done_once(int threads)
    {
        var team = new WorkerTeam(threads);
        int[] done = new int[40];
        int[] busy = new int[threads];
        for (int job = 0; job < 5000; job++)
        {
            int units = job % 41;
            Array.Clear(done);
            team.Run(units, Shared, (unit, slot) =>
            {
                Assert.Equal(1, Interlocked.Increment(ref busy[slot]));
                Interlocked.Increment(ref done[unit]);
                Interlocked.Decrement(ref busy[slot]);
            });
            for (int unit = 0; unit < done.Length; unit++)
            {
                Assert.Equal(unit < units ? 1 : 0, done[unit]);
            }
        }
    }

    [Theory, InlineData(1), InlineData(2), InlineData(5)]
    public void The_lowest_unit_that_failed_is_the_one_told_and_the_others_are_done(int threads)
    {
        var team = new WorkerTeam(threads);
        for (int round = 0; round < 200; round++)
        {
            int done = 0;
            InvalidTimeZoneException error = Assert.Throws<InvalidTimeZoneException>(() => team.Run(50, Shared, (unit, _) =>
            {
                if (unit is 7 or 8 or 30 or 49)
                {
                    throw new InvalidTimeZoneException($"unit {unit}");
                }

                Interlocked.Increment(ref done);
            }));
            Assert.Equal("unit 7", error.Message);
            Assert.Equal(threads == 1 ? 7 : 46, done);
        }
    }

    [Fact]
    public void A_team_goes_on_after_a_failure()
    {
        var team = new WorkerTeam(3);
        Assert.Throws<InvalidOperationException>(() => team.Run(9, Shared, (_, _) => throw new InvalidOperationException()));
        int done = 0;
        team.Run(1000, Shared, (_, _) => Interlocked.Increment(ref done));
        Assert.Equal(1000, done);
    }

    [Fact]
    public void Several_threads_work_at_once()
    {
        // Each of two units waits for the other: one thread alone would never end.
        using var both = new Barrier(2);
        bool met = true;
        new WorkerTeam(2).Run(2, Shared, (_, _) => met &= both.SignalAndWait(TimeSpan.FromSeconds(30)));
        Assert.True(met);
    }

    [Fact]
    public async Task A_saturated_thread_pool_stops_nothing()
    {
        // More blocked tasks than the pool has threads: no helper comes before they are let go.
        using var release = new ManualResetEventSlim();
        Task[] blocked = [.. Enumerable.Range(0, Environment.ProcessorCount * 4).Select(_ => Task.Run(release.Wait))];
        try
        {
            long sum = 0;
            var thread = new Thread(() => new WorkerTeam(4).Run(10_000, Shared, (unit, _) => Interlocked.Add(ref sum, unit)));
            thread.Start();
            Assert.True(thread.Join(TimeSpan.FromSeconds(60)));
            Assert.Equal(10_000L * 9_999 / 2, sum);
        }
        finally
        {
            release.Set();
            await Task.WhenAll(blocked);
        }
    }

    [Fact]
    public void Teams_work_side_by_side_inside_the_pool()
    {
        // As when Fit is called from Parallel.For: callers and helpers share the pool's threads.
        long[] sums = new long[16];
        Parallel.For(0, sums.Length, i =>
        {
            var team = new WorkerTeam(3);
            for (int job = 0; job < 200; job++)
            {
                team.Run(20, Shared, (unit, _) => Interlocked.Add(ref sums[i], unit));
            }
        });
        Assert.All(sums, sum => Assert.Equal(200 * 190, sum));
    }
}
