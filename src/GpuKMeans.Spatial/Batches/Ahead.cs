using System.Runtime.CompilerServices;
using System.Threading.Channels;

namespace GpuKMeans.Spatial;

/// <summary>Lets a sequence be made while what it gave before is worked on.</summary>
internal static class Ahead
{
    /// <summary>Asks for items ahead of need: one is being made while one waits and one is worked on.</summary>
    public static async IAsyncEnumerable<T> Of<T>(
        IAsyncEnumerable<T> items, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var made = Channel.CreateBounded<T>(1);
        Task making = Task.Run(() => Make(items, made.Writer, stop.Token), CancellationToken.None);
        try
        {
            await foreach (T item in made.Reader.ReadAllAsync(cancellationToken).ConfigureAwait(false))
            {
                yield return item;
            }

            await making.ConfigureAwait(false);
        }
        finally
        {
            // Nobody wants the rest: how making it ends is of no interest, but it must have ended.
            await stop.CancelAsync().ConfigureAwait(false);
            await making.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private static async Task Make<T>(IAsyncEnumerable<T> items, ChannelWriter<T> made, CancellationToken cancellationToken)
    {
        Exception? error = null;
        try
        {
            await foreach (T item in items.WithCancellation(cancellationToken).ConfigureAwait(false))
            {
                await made.WriteAsync(item, cancellationToken).ConfigureAwait(false);
            }
        }
        catch (Exception e)
        {
            error = e;
            throw;
        }
        finally
        {
            made.Complete(error);
        }
    }
}
