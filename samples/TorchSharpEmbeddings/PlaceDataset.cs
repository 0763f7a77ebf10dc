using PlaceNames;
using TorchSharp;
using Tensor = TorchSharp.torch.Tensor;

namespace TorchSharpEmbeddings;

/// <summary>Places, a row each: its id, the runs of its name, its country's number and its point on the map.</summary>
internal sealed class PlaceDataset : torch.utils.data.Dataset
{
    private readonly Dictionary<string, Tensor> _columns;

    public PlaceDataset(IReadOnlyList<Place> places)
    {
        Countries = [.. places.Select(place => place.Country).Distinct().Order(StringComparer.Ordinal)];
        Dictionary<string, long> numbers = Countries.Index().ToDictionary(country => country.Item, country => (long)country.Index);
        long[,] runs = new long[places.Count, Runs.Most];
        double[,] points = new double[places.Count, 2];
        for (int row = 0; row < places.Count; row++)
        {
            Runs.Of(places[row].Name, System.Runtime.InteropServices.MemoryMarshal.CreateSpan(ref runs[row, 0], Runs.Most));
            (points[row, 0], points[row, 1]) = (places[row].Longitude, places[row].Latitude);
        }

        Count = places.Count;
        _columns = new()
        {
            ["id"] = torch.tensor(places.Select(place => (long)place.Id).ToArray()),
            ["runs"] = torch.from_array(runs),
            ["country"] = torch.tensor(places.Select(place => numbers[place.Country]).ToArray()),
            ["geometry"] = torch.from_array(points),
        };
    }

    /// <summary>The countries' codes; a country's number is its place here.</summary>
    public IReadOnlyList<string> Countries { get; }

    public override long Count { get; }

    public override Dictionary<string, Tensor> GetTensor(long index) =>
        _columns.ToDictionary(column => column.Key, column => column.Value[index]);

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            foreach (Tensor column in _columns.Values)
            {
                column.Dispose();
            }
        }

        base.Dispose(disposing);
    }
}
