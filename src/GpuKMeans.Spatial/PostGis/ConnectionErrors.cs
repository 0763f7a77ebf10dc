namespace GpuKMeans.Spatial.PostGis;

/// <summary>The one place errors about connection strings and URLs are worded.</summary>
/// <remarks>
/// None repeats what was given, save the name of an option that cannot be part of a password, and none wraps an error
/// that might: a password written without the quotes or percent signs it needs ends up in any part of the string.
/// </remarks>
internal static class ConnectionErrors
{
    private const string Parameter = "connection";

    public static ArgumentException BadKeyword(string? keyword) => new(
        $"The connection string is not one that Npgsql reads: {(keyword is null ? "a keyword" : $"\"{keyword}\"")} is unknown "
        + "or its value is not allowed. A value with ';', '=' or quotes must be quoted.",
        Parameter);

    public static ArgumentException Malformed() => new(
        "The connection string is not a list of keyword=value pairs separated by ';', nor a URL starting with postgresql://.",
        Parameter);

    public static ArgumentException StrayAt() => new(
        "The connection URL has an '@' outside its user name and password: write the characters :/?#[]@% of a user name, "
        + "password, database or option as %3A %2F %3F %23 %5B %5D %40 %25.",
        Parameter);

    public static ArgumentException Fragment() => new(
        "The connection URL has a '#': write it as %23.", Parameter);

    public static ArgumentException BadPercent(string part) => new(
        $"The {part} in the connection URL has a '%' that is not followed by the two hexadecimal digits of a UTF-8 byte other "
        + "than zero: write '%' itself as %25.",
        Parameter);

    public static ArgumentException BadHost() => new(
        "A host in the connection URL is not a name, an IPv4 address, an IPv6 address in brackets, or the path of a socket's "
        + "folder with each '/' as %2F.",
        Parameter);

    public static ArgumentException BadPort() => new(
        "A port in the connection URL is not a number from 1 to 65535.", Parameter);

    public static ArgumentException PortCount(int ports, int hosts) => new(
        $"The connection URL has {ports} ports for {hosts} hosts: give one for all, or one for each.", Parameter);

    public static ArgumentException UnknownOption(string? name) => new(
        $"The connection URL has {(name is null ? "an unknown option" : $"the unknown option \"{name}\"")}. Allowed are "
        + $"{PostgresUrlOptions.AllNames}; for others use an Npgsql connection string.",
        Parameter);

    public static ArgumentException BadOptionValue(string name, string allowed) => new(
        $"The value of the option \"{name}\" in the connection URL is not allowed: use {allowed}.", Parameter);
}
