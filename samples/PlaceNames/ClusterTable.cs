using Spectre.Console;

namespace PlaceNames;

/// <summary>Shows clusters to people.</summary>
internal static class ClusterTable
{
    public static Table Of(IEnumerable<ClusterSummary> clusters)
    {
        Table table = new Table().Border(TableBorder.Minimal)
            .AddColumn("Cluster", column => column.RightAligned())
            .AddColumn("Places", column => column.RightAligned())
            .AddColumn("Most typical names")
            .AddColumn("Main countries");
        foreach (ClusterSummary cluster in clusters)
        {
            table.AddRow(
                $"{cluster.Cluster}",
                $"{cluster.Size:N0}",
                Markup.Escape(string.Join(", ", cluster.TypicalNames)),
                string.Join(", ", cluster.Countries.Select(country => $"{country.Code} {country.Share:0%}")));
        }

        return table;
    }
}
