using GpuKMeans.Engines.Cpu;

namespace GpuKMeans.Tests.Cpu;

/// <summary>Whether rows are scored in 16 bits first follows from what that costs and what it leaves in doubt.</summary>
public sealed class CoarseChoiceTests
{
    private const int Clusters = 1000;
    private const int Dimension = 128;

    [Fact]
    public void It_is_tried_on_one_unit_and_then_taken_where_it_leaves_little_in_doubt()
    {
        var choice = new CoarseChoice(() => 0.5, Clusters, Dimension);
        Assert.False(choice.IsTaken);
        Assert.Equal(1, choice.LeastCost);
        Assert.Equal(1, choice.Trials());
        choice.Judge(256, 0.02 * 256 * Clusters * Dimension);
        Assert.True(choice.IsTaken);
        Assert.InRange(choice.LeastCost, 0.5, 0.7);
        Assert.Equal(0, choice.Trials());
    }

    [Fact]
    public void What_leaves_most_rows_in_doubt_is_tried_less_and_less_often()
    {
        var choice = new CoarseChoice(() => 0.5, Clusters, Dimension);
        List<int> trials = [];
        for (int block = 0; block < 300; block++)
        {
            if (choice.Trials() > 0)
            {
                trials.Add(block);
                choice.Judge(256, 1.5 * 256 * Clusters * Dimension);
                Assert.False(choice.IsTaken);
            }
        }

        // At first, and then after 4, 8, 16, … blocks, but never more than 64.
        Assert.Equal([0, 4, 12, 28, 60, 124, 188, 252], trials);
    }

    [Fact]
    public void It_is_given_up_when_rows_change_and_all_is_forgotten_with_the_centres()
    {
        var choice = new CoarseChoice(() => 0.5, Clusters, Dimension);
        choice.Judge(256, 0);
        Assert.True(choice.IsTaken);
        for (int unit = 0; unit < 8; unit++)
        {
            choice.Judge(256, 2.0 * 256 * Clusters * Dimension);
        }

        Assert.False(choice.IsTaken);
        choice.Begin();
        Assert.Equal(1, choice.Trials());
    }

    [Theory]
    [InlineData(1.0, 1000, 128)]    // a machine where 16 bits are no faster
    [InlineData(0.5, 1000, 3)]      // where the score is the cost, not the products
    [InlineData(0.5, 8, 128)]       // where rounding the rows is
    public void Where_it_cannot_pay_it_is_not_tried(double rate, int clusters, int dimension)
    {
        var choice = new CoarseChoice(() => rate, clusters, dimension);
        Assert.Equal(0, choice.Trials());
        Assert.Equal(1, choice.LeastCost);
    }

    [Fact]
    public void The_rate_of_a_product_is_what_is_left_when_the_rest_of_a_score_is_taken_off()
    {
        // 64 columns at 0.5 and 7.5 beside, against 64 and 3.
        Assert.Equal(0.5, CoarseChoice.RateOf(((0.5 * 64) + 7.5) / (64 + 3), 64), 1e-12);
    }
}
