using System.Globalization;
using System.IO.Compression;

namespace PlaceNames;

/// <summary>Reads places.csv.gz.</summary>
internal static class PlaceFile
{
    private const string Header = "geoname_id,name,country,longitude,latitude,population";

    public static List<Place> Read(string path)
    {
        using StreamReader text = new(new GZipStream(File.OpenRead(path), CompressionMode.Decompress));
        using IEnumerator<string[]> records = Csv.Read(text).GetEnumerator();
        if (!records.MoveNext() || string.Join(',', records.Current) != Header)
        {
            throw new InvalidDataException($"{path} does not begin with {Header}.");
        }

        var places = new List<Place>();
        while (records.MoveNext())
        {
            string[] fields = records.Current;
            places.Add(new(
                int.Parse(fields[0], CultureInfo.InvariantCulture),
                fields[1],
                fields[2],
                double.Parse(fields[3], CultureInfo.InvariantCulture),
                double.Parse(fields[4], CultureInfo.InvariantCulture),
                long.Parse(fields[5], CultureInfo.InvariantCulture)));
        }

        return places;
    }
}
