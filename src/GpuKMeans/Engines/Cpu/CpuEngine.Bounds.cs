using System.Runtime.CompilerServices;

namespace GpuKMeans.Engines.Cpu;

/// <content>
/// Rows that need no work in a Lloyd iteration: with each row goes a distance below which no centre but its own lies. When
/// the centres move, it shrinks by what the fastest of the others moved; a row that is nearer than that to its own centre
/// keeps its label, whatever the distances to the others are. Hamerly, "Making k-means even faster", 2010. The labels are
/// the same as without.
/// </content>
internal sealed unsafe partial class CpuEngine
{
    // Counts what could void bounds; they hold for the data that carry the number.
    private long _boundsVersion;
    private bool _boundsHold;
    private bool _movedSincePass;
    private float _fastest;
    private float _secondFastest;
    private int _fastestCenter;

    // Makes up for the roundings of a squared distance in float32; what underflows is less than the least normal number.
    private float _more;

    /// <summary>Begins a pass: whether the bounds kept with the rows are of the pass before, and how far centres moved since.</summary>
    /// <returns>The bounds.</returns>
    private float* StartBounds(CpuData data)
    {
        data.Bounds ??= new NativeBuffer<float>(data.Count);
        _boundsHold = ReferenceEquals(data.BoundsEngine, this) && data.BoundsVersion == _boundsVersion;
        (data.BoundsEngine, data.BoundsVersion) = (this, ++_boundsVersion);
        _movedSincePass = false;
        (_fastest, _secondFastest, _fastestCenter) = (0, 0, 0);
        for (int j = 0; j < _clusters && _boundsHold; j++)
        {
            float moved = MathF.Sqrt((float)_shifts[j]) * _more;
            if (moved > _fastest)
            {
                (_fastest, _secondFastest, _fastestCenter) = (moved, _fastest, j);
            }
            else
            {
                _secondFastest = MathF.Max(_secondFastest, moved);
            }
        }

        return data.Bounds.Pointer;
    }

    /// <summary>Voids all bounds: the centres were set, not moved, or were moved more than once since the last pass.</summary>
    private void EndBounds() => _boundsVersion++;

    /// <summary>
    /// Lists the rows of a unit whose label is not certain to stay. Takes the distances of the others, and brings their bounds
    /// up to date.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private RowList ChooseRows(int unit, int first, int end, Scratch scratch)
    {
        float** pointers = RowPointers;
        int count = 0, unbound = 0;
        for (int row = first; row < end; row++)
        {
            int label = _blockLabels[row];
            float squared = Distance.Squared(pointers[row], Center(label), _dimension);
            float bound = (_blockBounds[row] - (label == _fastestCenter ? _secondFastest : _fastest)) * ErrorBound.Less;
            if (IsNearer(squared, bound))
            {
                Keep(row, squared, bound);
                continue;
            }

            // Its centre may be a good guess all the same.
            unbound++;
            float reach = _neighbors!.Reaches(label)[0];
            if (_reachesHold && squared < reach)
            {
                Keep(row, squared, MathF.Max(bound, Beyond(squared, reach)));
                continue;
            }

            scratch.RowIndices[count] = row;
            scratch.Pointers[count++] = pointers[row];
        }

        _unitUnbound[unit] = unbound;
        return new RowList(scratch.Pointers, scratch.RowIndices, 0, count);
    }

    /// <summary>Whether a row is certain to be nearer to its centre than a bound says of the others.</summary>
    /// <param name="squared">The squared distance to its centre, from direct differences in float32.</param>
    /// <param name="bound">A distance that all other centres have at least.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool IsNearer(float squared, float bound) => MathF.Sqrt(squared + ErrorBound.LeastNormal) * _more < bound;
}
