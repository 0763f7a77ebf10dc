using Npgsql;
using NpgsqlTypes;

namespace GpuKMeans.Spatial.PostGis;

/// <summary>Npgsql's binary COPY, waiting or not by one switch, so that columns are written once for both.</summary>
internal sealed class CopyWriter(NpgsqlBinaryImporter importer, bool async, CancellationToken cancellationToken)
{
    public ValueTask StartRow()
    {
        // The synchronous importer takes no token.
        cancellationToken.ThrowIfCancellationRequested();
        if (async)
        {
            return new ValueTask(importer.StartRowAsync(cancellationToken));
        }

        importer.StartRow();
        return default;
    }

    public ValueTask Write<T>(T value, NpgsqlDbType type)
    {
        if (async)
        {
            return new ValueTask(importer.WriteAsync(value, type, cancellationToken));
        }

        importer.Write(value, type);
        return default;
    }

    public ValueTask WriteNull()
    {
        if (async)
        {
            return new ValueTask(importer.WriteNullAsync(cancellationToken));
        }

        importer.WriteNull();
        return default;
    }
}
