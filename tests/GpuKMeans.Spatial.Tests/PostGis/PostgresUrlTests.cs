using GpuKMeans.Spatial.PostGis;
using Npgsql;

namespace GpuKMeans.Spatial.Tests.PostGis;

public sealed class PostgresUrlTests
{
    [Fact]
    public void Every_part_is_read()
    {
        NpgsqlConnectionStringBuilder read = Read("postgresql://ann:secret@db.example:5433/gis?application_name=x");
        Assert.Equal(
            ("db.example", 5433, "gis", "ann", "secret", "x"),
            (read.Host, read.Port, read.Database, read.Username, read.Password, read.ApplicationName));
    }

    [Theory]
    [InlineData("postgres://db")]
    [InlineData("PostgreSQL://db/")]
    [InlineData("postgresql://@db:/?")]
    public void Parts_left_out_are_left_to_Npgsql(string url)
    {
        NpgsqlConnectionStringBuilder read = Read(url);
        Assert.Equal(("db", 5432), (read.Host, read.Port));
        Assert.Null(read.Database);
        Assert.Null(read.Username);
        Assert.Null(read.Password);
    }

    [Theory]
    [InlineData("postgresql://")]
    [InlineData("postgresql:///gis")]
    public void No_host_is_this_machine(string url) => Assert.Equal("localhost", Read(url).Host);

    [Fact]
    public void Every_part_is_percent_decoded_once_and_plus_is_plus()
    {
        NpgsqlConnectionStringBuilder read = Read(
            "postgresql://a%40b:p%40ss%3A%2F%3F%23%5B%5D%25%26%3D+%20%C3%BC%22%27%3B%2525@db/g%2Fi%3Bs?application_name=a%26b%3Dc+d");
        Assert.Equal("a@b", read.Username);
        Assert.Equal("p@ss:/?#[]%&=+ ü\"';%25", read.Password);
        Assert.Equal("g/i;s", read.Database);
        Assert.Equal("a&b=c+d", read.ApplicationName);
    }

    [Fact]
    public void Characters_that_need_no_escape_pass_as_they_are()
    {
        NpgsqlConnectionStringBuilder read = Read("postgresql://jürgen:a:b@c;d😀@db/straße");
        Assert.Equal(("jürgen", "a:b@c;d😀", "db", "straße"), (read.Username, read.Password, read.Host, read.Database));
    }

    [Theory]
    [InlineData("postgresql://[2001:db8::1]/gis", "2001:db8::1", 5432)]
    [InlineData("postgresql://u:p@[::1]:5433/gis", "::1", 5433)]
    [InlineData("postgresql://127.0.0.1:1/gis", "127.0.0.1", 1)]
    [InlineData("postgresql://%2Fvar%2Frun%2Fpostgresql:5433/gis", "/var/run/postgresql", 5433)]
    [InlineData("postgresql:///gis?host=/var/run/postgresql&port=5433", "/var/run/postgresql", 5433)]
    [InlineData("postgresql://other:1/gis?host=db&port=2", "db", 2)]
    [InlineData("postgresql://a,b/gis", "a:5432,b:5432", 5432)]
    [InlineData("postgresql://a,b/gis?port=5433", "a,b", 5433)]
    [InlineData("postgresql://a:1,b,[::1]:3/gis", "a:1,b:5432,[::1]:3", 5432)]
    [InlineData("postgresql:///gis?host=a,b&port=1,2", "a:1,b:2", 5432)]
    public void Hosts_and_ports_are_read_in_every_form(string url, string host, int port)
    {
        NpgsqlConnectionStringBuilder read = Read(url);
        Assert.Equal((host, port, "gis"), (read.Host, read.Port, read.Database));
    }

    [Fact]
    public void Options_go_before_the_same_parts_of_the_URL()
    {
        NpgsqlConnectionStringBuilder read = Read("postgresql://a:b@db/c?user=x&password=y&dbname=z");
        Assert.Equal(("x", "y", "z"), (read.Username, read.Password, read.Database));
    }

    [Fact]
    public void Options_have_the_names_and_values_of_libpq()
    {
        NpgsqlConnectionStringBuilder read = Read(
            "postgresql://a,b/?sslmode=verify-full&sslrootcert=%2Fca.pem&sslcert=c&sslkey=k&sslnegotiation=direct&connect_timeout=7"
            + "&options=-c%20lock_timeout%3D5s&target_session_attrs=read-write&load_balance_hosts=random&channel_binding=require"
            + "&gssencmode=disable&krbsrvname=pg&keepalives=1&keepalives_idle=30&keepalives_interval=5&client_encoding=UTF8&passfile=f");
        Assert.Equal(SslMode.VerifyFull, read.SslMode);
        Assert.Equal(("/ca.pem", "c", "k"), (read.RootCertificate, read.SslCertificate, read.SslKey));
        Assert.Equal(SslNegotiation.Direct, read.SslNegotiation);
        Assert.Equal(7, read.Timeout);
        Assert.Equal("-c lock_timeout=5s", read.Options);
        Assert.Equal("read-write", read.TargetSessionAttributes);
        Assert.True(read.LoadBalanceHosts);
        Assert.Equal(ChannelBinding.Require, read.ChannelBinding);
        Assert.Equal(GssEncryptionMode.Disable, read.GssEncryptionMode);
        Assert.Equal("pg", read.KerberosServiceName);
        Assert.Equal((true, 30, 5), (read.TcpKeepAlive, read.TcpKeepAliveTime, read.TcpKeepAliveInterval));
        Assert.Equal(("UTF8", "f"), (read.ClientEncoding, read.Passfile));
    }

    [Fact]
    public void A_single_host_need_not_be_asked_whether_it_can_be_written_to()
    {
        Assert.Null(Read("postgresql://db/?target_session_attrs=read-write").TargetSessionAttributes);
        Assert.Equal("standby", Read("postgresql://db/?target_session_attrs=standby").TargetSessionAttributes);
    }

    [Theory]
    [InlineData("postgresql://db/?sslmood=require", "the unknown option \"sslmood\"")]
    [InlineData("postgresql://db/?ssl%4Dode=require", "the unknown option \"sslMode\"")]
    [InlineData("postgresql://db/?sslmode=always", "\"sslmode\" in the connection URL is not allowed: use disable, allow, prefer")]
    [InlineData("postgresql://db/?connect_timeout=soon", "\"connect_timeout\" in the connection URL is not allowed: use a whole number from 0 to 1024")]
    [InlineData("postgresql://db:port/", "not a number from 1 to 65535")]
    [InlineData("postgresql://db:65536/", "not a number from 1 to 65535")]
    [InlineData("postgresql://a,b,c/?port=1,2", "2 ports for 3 hosts")]
    [InlineData("postgresql://[::1/", "an IPv6 address in brackets")]
    [InlineData("postgresql://::1]/", "an IPv6 address in brackets")]
    [InlineData("postgresql://u:%zz@db/", "The password in the connection URL has a '%'")]
    [InlineData("postgresql://u:%+1@db/", "The password in the connection URL has a '%'")]
    [InlineData("postgresql://u:100%@db/", "The password in the connection URL has a '%'")]
    [InlineData("postgresql://u:%ff@db/", "The password in the connection URL has a '%'")]
    [InlineData("postgresql://db/%00", "The database in the connection URL has a '%'")]
    [InlineData("postgresql://db/#x", "has a '#'")]
    public void What_cannot_be_read_is_told(string url, string told)
    {
        var error = Assert.Throws<ArgumentException>("connection", () => new PostGisExporter(url, "t"));
        Assert.Contains(told, error.Message, StringComparison.Ordinal);
    }

    private static NpgsqlConnectionStringBuilder Read(string url) => new(PostgresConnectionString.Normalize(url));
}
