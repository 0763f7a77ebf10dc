using Npgsql;

namespace GpuKMeans.Spatial.Tests.PostGis;

/// <summary>No error repeats a password, or a part of one that was written without the escapes it needs.</summary>
public sealed class PasswordSecrecyTests
{
    [Theory]
    [InlineData("postgresql://ann:hush@db/?bad=option")]
    [InlineData("postgresql://ann:hush@db/?sslmode=bad")]
    [InlineData("postgresql://ann:hush@db:bad/")]
    [InlineData("postgresql://ann:hush%zz@db/")]
    [InlineData("postgresql://ann:hu/sh@db/gis")]
    [InlineData("postgresql://ann:pa@hush/word@db/gis")]
    [InlineData("postgresql://ann:hu?sh@db/gis")]
    [InlineData("postgresql://ann:pass?hush=1@db/gis")]
    [InlineData("postgresql://ann:pa#hush@db/gis")]
    [InlineData("postgresql://ann:hush")]
    [InlineData("postgresql://ann:x]hush:1")]
    [InlineData("postgresql://db/?password=pa&hush")]
    [InlineData("postgresql://db/?password=pa&hush=1")]
    [InlineData("postgresql://db/?sslpassword=pa&hush=1")]
    [InlineData("postgresql://db/?password=hush&port=bad")]
    [InlineData("postgresql://db/?port=bad&password=hush")]
    [InlineData("mysql://ann:hush@db/")]
    [InlineData("ann:hush@db")]
    [InlineData("Host=db;Password=hush;Port=bad")]
    [InlineData("Host=db;Password=hush;Hots=bad")]
    [InlineData("Host=db;Password=pa;hush=1")]
    [InlineData("Host=db;Password=pa;hush")]
    [InlineData("Host=db;Pwd=pa;hush=1;Hots=x")]
    [InlineData("Host=db;Password='hush")]
    [InlineData("Host=db;Password=hush;SSL Mode=bad")]
    [InlineData("Host=db;Password=hush;Timeout=-1")]
    [InlineData("Host=db;SSL Password=pa;hush=1")]
    public void A_connection_that_cannot_be_read(string connection)
    {
        var error = Assert.Throws<ArgumentException>(nameof(connection), () => new PostGisExporter(connection, "t"));
        ExpectNo("hush", error);
    }

    [Theory]
    [InlineData("Host=db;Hots=x", "\"hots\" is unknown")]
    [InlineData("Port=bad;Password=hush", "\"port\" is unknown or its value is not allowed")]
    public void A_keyword_that_cannot_be_part_of_a_password_is_named(string connection, string told)
    {
        var error = Assert.Throws<ArgumentException>(nameof(connection), () => new PostGisExporter(connection, "t"));
        Assert.Contains(told, error.Message, StringComparison.OrdinalIgnoreCase);
    }

    [Theory]
    [InlineData("postgresql://ann:hush@nowhere.invalid/gis")]
    [InlineData("postgresql://ann:hush@127.0.0.1:1/gis?connect_timeout=2")]
    [InlineData("postgresql://ann:hush@127.0.0.1:1,127.0.0.1:2/gis?connect_timeout=2")]
    [InlineData("postgresql:///gis?host=/nowhere&password=hush&user=ann")]
    [InlineData("postgresql://ann:hush@db/gis?target_session_attrs=standby")]
    [InlineData("postgresql://ann:hush@127.0.0.1:1/gis?sslnegotiation=direct")]
    [InlineData("postgresql://ann:hush@127.0.0.1:1/gis?sslcert=/nowhere&sslmode=require")]
    [InlineData("Host=nowhere.invalid;Username=ann;Password=hush")]
    [InlineData("Username=ann;Password=hush")]
    public async Task A_server_that_cannot_be_reached(string connection)
    {
        var exporter = new PostGisExporter(connection, "t");
        ExpectNo("hush", Assert.ThrowsAny<Exception>(() => exporter.Export(Samples.Points(1), TestContext.Current.CancellationToken)));
        ExpectNo("hush", await Assert.ThrowsAnyAsync<Exception>(
            () => exporter.ExportAsync(Samples.Points(1), TestContext.Current.CancellationToken)));
    }

    internal static void ExpectNo(string secret, Exception error) =>
        Assert.DoesNotContain(secret, error.ToString(), StringComparison.OrdinalIgnoreCase);
}
