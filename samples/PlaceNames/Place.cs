namespace PlaceNames;

/// <summary>A populated place.</summary>
/// <param name="Id">Its number in GeoNames.</param>
/// <param name="Name">Its name, as GeoNames spells it.</param>
/// <param name="Country">Its country's ISO 3166 code of two letters.</param>
/// <param name="Longitude">Degrees east, WGS 84.</param>
/// <param name="Latitude">Degrees north, WGS 84.</param>
/// <param name="Population">How many live there, 0 where it is not known.</param>
internal sealed record Place(int Id, string Name, string Country, double Longitude, double Latitude, long Population);
