using System.Diagnostics;
using GpuKMeans;
using GpuKMeans.Spatial;
using NetTopologySuite.Geometries;
using Spectre.Console;

namespace PlaceNames;

/// <summary>The main job of the library: embeddings with geometries in; clusters out, in a file and a table.</summary>
internal static class PlaceNamesJob
{
    public static void Run(KMeansOptions options, string output, string? postgis, string? embeddingsFile)
    {
        var clock = Stopwatch.StartNew();
        List<Place> places = PlaceFile.Read(Path.Combine(AppContext.BaseDirectory, "places.csv.gz"));
        float[,] embeddings = NameEmbedding.Of(places);
        Tell($"{places.Count:N0} names read and embedded");
        if (embeddingsFile is not null)
        {
            NpyWriter.Write(embeddingsFile, embeddings);
            Tell($"{embeddingsFile} written");
        }

        var tool = new KMeansClusteringTool(options);
        ClusteredFeatures features = tool.Run(
            [.. places.Select(place => place.Id)],
            embeddings,
            [.. places.Select(place => new Point(place.Longitude, place.Latitude))],
            columns:
            [
                FeatureColumn.Create("name", [.. places.Select(place => place.Name)]),
                FeatureColumn.Create("country", [.. places.Select(place => place.Country)]),
                FeatureColumn.Create("population", [.. places.Select(place => place.Population)]),
            ]);
        Tell($"{options.ClusterCount} clusters");
        if (Console.IsOutputRedirected)
        {
            AnsiConsole.Profile.Width = 120;
        }

        AnsiConsole.Write(ClusterTable.Of(
            ClusterSummary.Of(places, embeddings, features.ClusterIds.Values, tool.Estimator.ClusterCenters)));

        tool.ExportToParquet(features, output);
        Tell($"{output} written");
        if (postgis is not null)
        {
            tool.ExportToPostGis(features, "places", postgis, new PostGisOptions { IfExists = IfTableExists.Replace });
            Tell("table places written");
        }

        void Tell(string what) => AnsiConsole.WriteLine($"{clock.Elapsed.TotalSeconds,6:F1} s  {what}");
    }
}
