using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace GpuKMeans.Spatial.Tests.Crs;

public sealed class CoordinateReferenceSystemTests
{
    // A system with no code, as someone may define for a site.
    private const string Local = """{"type": "EngineeringCRS", "name": "Site", "datum": {"name": "Site"}}""";

    public static TheoryData<string> Frozen { get; } =
        ["OGC:CRS84", "EPSG:4326", "EPSG:3857", "EPSG:4674", "EPSG:31978", "EPSG:31983", "EPSG:32633", "EPSG:32701"];

    [Theory]
    [MemberData(nameof(Frozen))]
    public void The_definition_is_that_of_PROJ(string code)
    {
        JsonObject proj = JsonNode.Parse(File.ReadAllText(DataFile(code.Replace(':', '-') + ".json")))!.AsObject();
        JsonObject ours = JsonObject.Create(CoordinateReferenceSystem.Parse(code).ProjJson)!;

        // The form's version differs, and areas of use are left out.
        foreach (string key in new[] { "$schema", "scope", "area", "bbox" })
        {
            proj.Remove(key);
            ours.Remove(key);
        }

        Assert.True(JsonNode.DeepEquals(proj, ours), ours.ToJsonString());
    }

    [Theory]
    [InlineData("EPSG:31978", "SIRGAS 2000 / UTM zone 18S", -75)]
    [InlineData("EPSG:31985", "SIRGAS 2000 / UTM zone 25S", -33)]
    [InlineData("EPSG:32601", "WGS 84 / UTM zone 1N", -177)]
    [InlineData("EPSG:32660", "WGS 84 / UTM zone 60N", 177)]
    [InlineData("EPSG:32701", "WGS 84 / UTM zone 1S", -177)]
    [InlineData("EPSG:32760", "WGS 84 / UTM zone 60S", 177)]
    public void The_zones_begin_and_end_where_EPSG_has_them(string code, string name, int meridian)
    {
        var crs = CoordinateReferenceSystem.Parse(code);
        JsonElement[] parameters = [.. crs.ProjJson.GetProperty("conversion").GetProperty("parameters").EnumerateArray()];
        Assert.Equal(name, crs.Name);
        Assert.Equal(code, crs.ToString());
        Assert.Equal(meridian, parameters[1].GetProperty("value").GetInt32());
        Assert.Equal(name.EndsWith('S') ? 10_000_000 : 0, parameters[4].GetProperty("value").GetInt32());
    }

    [Fact]
    public void EPSG_4326_has_latitude_first_and_CRS84_longitude()
    {
        Assert.Equal("Lat", FirstAxis("EPSG:4326"));
        Assert.Equal("Lon", FirstAxis("OGC:CRS84"));

        static string? FirstAxis(string code) => CoordinateReferenceSystem.Parse(code).ProjJson
            .GetProperty("coordinate_system").GetProperty("axis")[0].GetProperty("abbreviation").GetString();
    }

    [Theory]
    [InlineData("EPSG:4326", "EPSG:4326")]
    [InlineData("epsg:4326", "EPSG:4326")]
    [InlineData(" EPSG:4326 ", "EPSG:4326")]
    [InlineData("ogc:crs84", "OGC:CRS84")]
    [InlineData("urn:ogc:def:crs:EPSG::4326", "EPSG:4326")]
    [InlineData("urn:ogc:def:crs:EPSG:9.9.1:31983", "EPSG:31983")]
    [InlineData("URN:OGC:DEF:CRS:OGC:1.3:CRS84", "OGC:CRS84")]
    public void A_system_is_found_by_any_of_its_names(string name, string expected) =>
        Assert.Equal(expected, CoordinateReferenceSystem.Parse(name).ToString());

    [Theory]
    [InlineData("EPSG:4326", 4326)]
    [InlineData("EPSG:31983", 31983)]
    [InlineData("OGC:CRS84", 4326)]
    public void The_SRID_is_the_EPSG_code(string name, int srid) => Assert.Equal(srid, CoordinateReferenceSystem.Parse(name).Srid);

    [Theory]
    [InlineData("EPSG:31977")]
    [InlineData("EPSG:31986")]
    [InlineData("EPSG:32600")]
    [InlineData("EPSG:32661")]
    [InlineData("EPSG:32700")]
    [InlineData("EPSG:32761")]
    [InlineData("EPSG:2154")]
    [InlineData("EPSG:-4326")]
    [InlineData("ESRI:102001")]
    [InlineData("4326")]
    [InlineData("urn:ogc:def:crs:EPSG:4326")]
    [InlineData("EPSG:4326:1")]
    [InlineData("")]
    public void An_unknown_system_is_named_with_what_is_built_in_and_the_way_out(string name)
    {
        Assert.False(CoordinateReferenceSystem.TryParse(name, out _));
        var e = Assert.Throws<ArgumentException>(() => CoordinateReferenceSystem.Parse(name));
        Assert.Contains($"\"{name}\" is not built in", e.Message, StringComparison.Ordinal);
        Assert.Contains("EPSG:31978 to 31985", e.Message, StringComparison.Ordinal);
        Assert.Contains("CoordinateReferenceSystem.FromProjJson", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void No_name_is_no_system() => Assert.False(CoordinateReferenceSystem.TryParse(null, out _));

    [Fact]
    public void Any_system_can_be_given_by_its_definition()
    {
        var crs = CoordinateReferenceSystem.FromProjJson(
            """{"type": "ProjectedCRS", "name": "RGF93 v1 / Lambert-93", "id": {"authority": "EPSG", "code": 2154}}""");
        Assert.Equal(("RGF93 v1 / Lambert-93", "EPSG", "2154", 2154), (crs.Name, crs.Authority, crs.Code, crs.Srid));
        Assert.Equal("EPSG:2154", crs.ToString());
    }

    [Fact]
    public void A_system_without_a_code_goes_by_its_name()
    {
        var crs = CoordinateReferenceSystem.FromProjJson(Local);
        Assert.Equal(("Site", null, null, null), (crs.Name, crs.Authority, crs.Code, crs.Srid));
        Assert.Equal("Site", crs.ToString());
    }

    [Fact]
    public void A_bound_system_goes_by_the_name_of_the_one_it_binds() => Assert.Equal(
        "SAD69", CoordinateReferenceSystem.FromProjJson("""{"type": "BoundCRS", "source_crs": {"type": "GeographicCRS", "name": "SAD69"}}""").Name);

    [Fact]
    public void The_definition_outlives_the_document_it_came_from()
    {
        CoordinateReferenceSystem crs;
        using (var document = JsonDocument.Parse(Local))
        {
            crs = CoordinateReferenceSystem.FromProjJson(document.RootElement);
        }

        Assert.Equal("Site", crs.ProjJson.GetProperty("name").GetString());
    }

    [Theory]
    [InlineData("{", "")]
    [InlineData("[]", "it is an array, not an object")]
    [InlineData("\"EPSG:4326\"", "it is a string, not an object")]
    [InlineData("{}", "it has no \"type\"")]
    [InlineData("""{"type": "Ellipsoid", "name": "GRS 1980"}""", "its \"type\" is \"Ellipsoid\"")]
    [InlineData("""{"type": "ProjectedCRS"}""", "it has no \"name\"")]
    [InlineData("""{"type": "ProjectedCRS", "name": "x", "id": {"code": 1}}""", "its \"id\" needs")]
    public void What_is_no_definition_is_refused(string projJson, string problem)
    {
        var e = Assert.Throws<ArgumentException>(() => CoordinateReferenceSystem.FromProjJson(projJson));
        Assert.Equal("projJson", e.ParamName);
        Assert.Contains(problem, e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Systems_are_equal_by_code_or_else_by_definition()
    {
        var wgs84 = CoordinateReferenceSystem.Parse("EPSG:4326");
        Assert.Equal(wgs84, CoordinateReferenceSystem.Parse("urn:ogc:def:crs:EPSG::4326"));
        Assert.Equal(wgs84.GetHashCode(), CoordinateReferenceSystem.Parse("epsg:4326").GetHashCode());
        Assert.NotEqual(wgs84, CoordinateReferenceSystem.Parse("OGC:CRS84"));

        var local = CoordinateReferenceSystem.FromProjJson(Local);
        Assert.Equal(local, CoordinateReferenceSystem.FromProjJson(Local.Replace(" ", "", StringComparison.Ordinal)));
        Assert.Equal(local.GetHashCode(), CoordinateReferenceSystem.FromProjJson(Local).GetHashCode());
        Assert.NotEqual(local, CoordinateReferenceSystem.FromProjJson(Local.Replace("\"name\": \"Site\"}", "\"name\": \"Other\"}", StringComparison.Ordinal)));
        Assert.NotEqual(local, wgs84);
    }

    private static string DataFile(string name, [CallerFilePath] string source = "") =>
        Path.Combine(Path.GetDirectoryName(source)!, "data", name);
}
