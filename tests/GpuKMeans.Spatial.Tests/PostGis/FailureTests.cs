using Npgsql;

namespace GpuKMeans.Spatial.Tests.PostGis;

/// <summary>Whatever ends a load early, the database is as it was.</summary>
public sealed class FailureTests(PostGisServer server) : PostGisTest(server)
{
    private const int RowCount = 20_000;
    private const int Middle = 15_000;

    /// <summary>Each way to write, waiting or not.</summary>
    public static MatrixTheoryData<IfTableExists, bool> Ways { get; } =
        new([IfTableExists.Fail, IfTableExists.Replace, IfTableExists.Append], [false, true]);

    [Theory]
    [MemberData(nameof(Ways))]
    public async Task An_error_of_the_caller_in_mid_load_leaves_no_trace(IfTableExists ifExists, bool async)
    {
        ClusteredFeatures features = Springing(() => throw new InvalidDataException("row lost"));
        await ExpectNoTrace<InvalidDataException>(ifExists, features, async);
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public async Task The_end_of_the_session_in_mid_load_leaves_no_trace(IfTableExists ifExists, bool async)
    {
        ClusteredFeatures features = Springing(() => PostGisServer.Execute(
            Server.ConnectionString,
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'COPY %' AND pid <> pg_backend_pid()")
            .GetAwaiter().GetResult());
        await ExpectNoTrace<NpgsqlException>(ifExists, features, async);
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public async Task Cancellation_in_mid_load_leaves_no_trace(IfTableExists ifExists, bool async)
    {
        using var source = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        await ExpectNoTrace<OperationCanceledException>(ifExists, Springing(source.Cancel), async, source.Token);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Cancellation_ends_the_wait_for_a_lock(bool async)
    {
        await Export(Samples.Points(3), "places");
        await using var reader = new NpgsqlConnection(Connection);
        await reader.OpenAsync(Cancellation);
        await using NpgsqlTransaction transaction = await reader.BeginTransactionAsync(Cancellation);
        await using var read = new NpgsqlCommand("SELECT count(*) FROM places", reader);
        await read.ExecuteScalarAsync(Cancellation);

        using var source = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        var options = new PostGisOptions { IfExists = IfTableExists.Replace };
        Task export = Task.Run(() => Export(Samples.Points(5), "places", options, async, source.Token), Cancellation);
        await WaitForLock(export);
        await source.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => export);
        await transaction.CommitAsync(Cancellation);
        Assert.Equal("3", await Scalar("SELECT count(*) FROM places"));
        Assert.Equal(["places"], await Relations());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_token_cancelled_before_the_start_does_nothing(bool async)
    {
        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => Export(Samples.Points(3), "places", async: async, token: new CancellationToken(canceled: true)));
        Assert.Empty(await Relations());
    }

    [Fact]
    public async Task A_statement_that_takes_longer_than_allowed_ends_the_export()
    {
        await Export(Samples.Points(3), "places");
        await using var other = new NpgsqlConnection(Connection);
        await other.OpenAsync(Cancellation);
        await using NpgsqlTransaction transaction = await other.BeginTransactionAsync(Cancellation);
        await using var read = new NpgsqlCommand("SELECT count(*) FROM places", other);
        await read.ExecuteScalarAsync(Cancellation);

        var options = new PostGisOptions { IfExists = IfTableExists.Replace, CommandTimeout = TimeSpan.FromSeconds(1) };
        var error = await Assert.ThrowsAsync<NpgsqlException>(() => Export(Samples.Points(5), "places", options));

        Assert.IsType<TimeoutException>(error.InnerException);
        await transaction.CommitAsync(Cancellation);
        Assert.Equal(["places"], await Relations());
    }

    private static ClusteredFeatures Springing(Action spring) =>
        Samples.Columns(FeatureColumn.Create("value", new Trap<int>(RowCount, Middle, spring)));

    private async Task ExpectNoTrace<TError>(
        IfTableExists ifExists, ClusteredFeatures features, bool async, CancellationToken? token = null)
        where TError : Exception
    {
        string[] before = [];
        if (ifExists != IfTableExists.Fail)
        {
            await Execute("CREATE TABLE places AS SELECT 1 AS id, 2 AS cluster_id, 3 AS value");
            before = ["places"];
        }

        await Assert.ThrowsAnyAsync<TError>(
            () => Export(features, "places", new PostGisOptions { IfExists = ifExists }, async, token));

        Assert.Equal(before, await Relations());
        if (before.Length > 0)
        {
            Assert.Equal(["1|2|3"], await Rows("SELECT * FROM places"));
        }

        // The pool hands the same connection out again, if it lives.
        await Export(Samples.Points(2), "after", async: async);
        Assert.Equal("2", await Scalar("SELECT count(*) FROM after"));
    }
}
