using System.Globalization;
using System.Text.Json;

namespace GpuKMeans.Spatial.Tests.GeoParquet;

/// <summary>Compares what readers print with what was written.</summary>
internal static class Json
{
    public static void Equal(object? expected, JsonElement actual)
    {
        JsonElement wanted = JsonSerializer.SerializeToElement(expected);
        if (!JsonElement.DeepEquals(wanted, actual))
        {
            Assert.Equal(wanted.GetRawText(), actual.GetRawText());
            Assert.Fail("The texts are equal but the values are not.");
        }
    }

    /// <summary>The values of one property in all rows.</summary>
    public static JsonElement Column(this JsonElement rows, string name)
    {
        Assert.True(rows.ValueKind == JsonValueKind.Array, rows.GetRawText());
        return JsonSerializer.SerializeToElement(rows.EnumerateArray().Select(r => r.GetProperty(name)));
    }

    /// <summary>A value as the readers' script prints it: what JSON has no form for becomes text.</summary>
    public static object? Plain(object? value) => value switch
    {
        long number => number.ToString(CultureInfo.InvariantCulture),
        float number => Plain((double)number),
        double number when double.IsNaN(number) => "NaN",
        double number when double.IsInfinity(number) => number > 0 ? "Infinity" : "-Infinity",
        double number when number == 0 && double.IsNegative(number) => "-0",
        Guid guid => guid.ToString(),
        DateOnly date => date.ToString("yyyy-MM-dd'T00:00:00.000Z'", CultureInfo.InvariantCulture),
        DateTime { Kind: DateTimeKind.Unspecified } time => Micros(time),
        DateTime time => Micros(time.ToUniversalTime()),
        DateTimeOffset time => Micros(time.UtcDateTime),
        byte[] bytes => Convert.ToHexString(bytes),
        _ => value,
    };

    private static string Micros(DateTime time) =>
        Math.Floor((time.Ticks - DateTime.UnixEpoch.Ticks) / 10m).ToString(CultureInfo.InvariantCulture);
}
