namespace GpuKMeans.Spatial.PostGis;

/// <summary>Tells instants from wall-clock times: a column is one or the other, a <see cref="DateTime"/> may be either.</summary>
internal static class DateTimes
{
    /// <summary>Whether a column's times are instants (UTC or local time) and not times without a zone.</summary>
    /// <exception cref="ArgumentException">Some are and some are not.</exception>
    public static bool AreInstants(
        string column, int count, Func<int, DateTime?> read, CancellationToken cancellationToken)
    {
        bool? instants = null;
        int firstRow = 0;
        for (int row = 0; row < count; row++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (read(row) is not DateTime time || IsInfinite(time))
            {
                continue;
            }

            bool isInstant = time.Kind != DateTimeKind.Unspecified;
            if (instants is bool others && others != isInstant)
            {
                throw PostGisErrors.MixedDateTimeKinds(column, firstRow, row, time.Kind);
            }

            if (instants is null)
            {
                instants = isInstant;
                firstRow = row;
            }
        }

        return instants ?? false;
    }

    /// <summary>The instant in UTC, the one kind that Npgsql writes as a timestamp with time zone.</summary>
    public static DateTime? AsUtc(DateTime? time) => time switch
    {
        null => null,
        DateTime t when IsInfinite(t) => DateTime.SpecifyKind(t, DateTimeKind.Utc),
        DateTime t => t.ToUniversalTime(),
    };

    // Npgsql writes the two ends as −infinity and infinity, which mean the same in every zone.
    private static bool IsInfinite(DateTime time) => time == DateTime.MinValue || time == DateTime.MaxValue;
}
