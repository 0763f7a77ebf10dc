using GpuKMeans.Engines;

namespace GpuKMeans.Tests;

/// <summary>Orders take each row once, and shuffled ones look it.</summary>
public sealed class RowOrderTests
{
    [Fact]
    public void A_shuffle_takes_each_row_once()
    {
        foreach (int count in (int[])[.. Enumerable.Range(1, 200), 1000, 4097])
        {
            foreach (ulong seed in (ulong[])[0, 1, ulong.MaxValue])
            {
                Assert.Equal(Enumerable.Range(0, count).Select(i => (long)i), Rows(RowOrder.Shuffled(count, seed)).Order());
            }
        }
    }

    [Fact]
    public void A_shuffle_of_a_million_takes_each_row_once()
    {
        bool[] taken = new bool[1 << 20];
        foreach (long row in Rows(RowOrder.Shuffled(1 << 20, 3)))
        {
            Assert.False(taken[row]);
            taken[row] = true;
        }
    }

    [Fact]
    public void Rows_beyond_32_bits_are_in_range_and_differ()
    {
        const long Count = (1L << 40) + 12345;
        RowOrder order = RowOrder.Shuffled(Count, 5);
        long[] rows = [.. Enumerable.Range(0, 1000).Select(i => order[i * (Count / 1000)])];
        Assert.All(rows, row => Assert.InRange(row, 0, Count - 1));
        Assert.Equal(1000, rows.Distinct().Count());
        Assert.InRange(rows.Average(), 0.4 * Count, 0.6 * Count);
    }

    [Fact]
    public void Another_seed_gives_another_order()
    {
        long[][] orders = [.. Enumerable.Range(0, 20).Select(seed => Rows(RowOrder.Shuffled(1000, (ulong)seed)))];
        for (int i = 0; i < 20; i++)
        {
            for (int j = 0; j < i; j++)
            {
                // Two random orders agree in one place on average.
                Assert.InRange(orders[i].Zip(orders[j]).Count(pair => pair.First == pair.Second), 0, 15);
            }
        }
    }

    [Theory, InlineData(100), InlineData(1000), InlineData(4096), InlineData(100_000)]
    public void A_shuffle_moves_rows_a_third_of_the_way_on_average(int count)
    {
        double[] moves = [.. Enumerable.Range(0, 10).Select(seed =>
            Rows(RowOrder.Shuffled(count, (ulong)seed)).Select((row, place) => (double)Math.Abs(row - place)).Average() / count)];
        Assert.InRange(moves.Average(), 0.30, 0.37);
    }

    [Theory, InlineData(100), InlineData(1000), InlineData(100_000)]
    public void Rows_next_to_each_other_do_not_stay_so(int count)
    {
        // In a random order a place is followed by the next row once on average, and rows rise half of the time.
        long[] rows = Rows(RowOrder.Shuffled(count, 9));
        Assert.InRange(rows.Zip(rows[1..]).Count(pair => pair.Second - pair.First == 1), 0, 8);
        Assert.InRange(rows.Zip(rows[1..]).Count(pair => pair.Second > pair.First), 0.35 * count, 0.65 * count);
    }

    [Theory, InlineData(1000), InlineData(100_000)]
    public void Every_tenth_of_an_order_holds_rows_from_every_tenth_of_the_data(int count)
    {
        long[] rows = Rows(RowOrder.Shuffled(count, 2));
        for (int part = 0; part < 10; part++)
        {
            var held = rows[(part * count / 10)..((part + 1) * count / 10)].CountBy(row => row * 10 / count);
            Assert.Equal(10, held.Count());
            Assert.All(held, pair => Assert.InRange(pair.Value, 0.2 * count / 100, 3.0 * count / 100));
        }
    }

    [Fact]
    public void A_sequential_order_takes_rows_as_they_are()
    {
        Assert.Equal(Enumerable.Range(0, 77).Select(i => (long)i), Rows(RowOrder.Sequential(77)));
        Assert.Equal(1L << 50, RowOrder.Sequential(1L << 51)[1L << 50]);
    }

    [Fact]
    public void Copying_a_stretch_is_asking_for_one_row_after_the_other()
    {
        foreach (long count in (long[])[1, 15, 17, 100, 4097, 70_000, 1L << 32, (1L << 32) + 1, 1L << 45])
        {
            foreach (RowOrder order in (RowOrder[])[RowOrder.Shuffled(count, 6), RowOrder.Sequential(count)])
            {
                foreach (long start in (long[])[0, count / 3, Math.Max(0, count - 40)])
                {
                    long[] rows = new long[Math.Min(40, count - start)];
                    order.CopyTo(start, rows);
                    Assert.Equal(Enumerable.Range(0, rows.Length).Select(i => order[start + i]), rows);
                }
            }
        }
    }

    private static long[] Rows(RowOrder order)
    {
        long[] rows = new long[order.Count];
        for (long i = 0; i < rows.Length; i++)
        {
            rows[i] = order[i];
        }

        return rows;
    }
}
