using System.Collections;

namespace GpuKMeans.Spatial.Tests.PostGis;

/// <summary>A list of defaults that does something the moment one of its rows is read.</summary>
internal sealed class Trap<T>(int count, int row, Action spring) : IReadOnlyList<T>
{
    public int Count => count;

    public T this[int index]
    {
        get
        {
            if (index == row)
            {
                spring();
            }

            return default!;
        }
    }

    public IEnumerator<T> GetEnumerator() => Enumerable.Range(0, count).Select(i => this[i]).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
