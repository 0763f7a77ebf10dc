using System.Runtime.ExceptionServices;

namespace GpuKMeans.Engines.Cpu;

/// <summary>
/// Shares numbered units of work between the calling thread and helpers from the thread pool. Waking costs nothing while
/// jobs follow each other closely: a helper looks for the next one for a moment before it goes back to the pool.
/// </summary>
/// <remarks>
/// The caller can finish any job alone, so a busy pool slows work down and never stops it. A unit's result must not
/// depend on which thread does it. Nothing is allocated after construction.
/// </remarks>
internal sealed class WorkerTeam
{
    /// <summary>Work below this is not shared: some 10 µs on one core.</summary>
    public const double LeastSharedWork = 1 << 20;

    private readonly double _leastShared;

    private readonly Helper[] _helpers;
    private readonly Lock _errorLock = new();

    // The job's number in the upper half and the units not yet claimed in the lower: one compare-and-swap claims a unit
    // of this job and no other.
    private long _state;
    private int _units;
    private int _unfinished;
    private Action<int, int>? _body;
    private ExceptionDispatchInfo? _error;
    private int _errorUnit;

    public WorkerTeam(int threads, double leastShared = LeastSharedWork)
    {
        _leastShared = leastShared;
        Threads = threads;
        _helpers = new Helper[threads - 1];
        for (int i = 0; i < _helpers.Length; i++)
        {
            _helpers[i] = new Helper(this, i + 1);
        }
    }

    /// <summary>The most threads that work at once, the caller's included.</summary>
    public int Threads { get; }

    /// <summary>One of something for each thread.</summary>
    public IEnumerable<T> PerThread<T>(Func<T> make) => Enumerable.Range(0, Threads).Select(_ => make());

    /// <summary>Does all units and returns when they are done.</summary>
    /// <param name="units">How many there are.</param>
    /// <param name="work">
    /// About how many values are to be multiplied in all: work that takes no longer than waking a helper is not shared.
    /// </param>
    /// <param name="body">Does one: takes its number and the number of the thread, from 0 to <see cref="Threads"/> − 1.</param>
    /// <exception cref="Exception">What the lowest-numbered unit that failed has thrown, after all are done.</exception>
    public void Run(int units, double work, Action<int, int> body)
    {
        if (Threads == 1 || units <= 1 || work < _leastShared)
        {
            for (int unit = 0; unit < units; unit++)
            {
                body(unit, 0);
            }

            return;
        }

        _body = body;
        _units = units;
        _unfinished = units;
        _error = null;
        Volatile.Write(ref _state, (((_state >> 32) + 1) << 32) | (uint)units);

        int wanted = Math.Min(_helpers.Length, units - 1);
        for (int i = 0; i < wanted; i++)
        {
            _helpers[i].Wake();
        }

        while (TryWork(slot: 0))
        {
        }

        SpinWait spin = default;
        while (Volatile.Read(ref _unfinished) > 0)
        {
            spin.SpinOnce(sleep1Threshold: -1);
        }

        _body = null;
        _error?.Throw();
    }

    private bool TryWork(int slot)
    {
        while (true)
        {
            long state = Volatile.Read(ref _state);
            if ((int)state == 0)
            {
                return false;
            }

            if (Interlocked.CompareExchange(ref _state, state - 1, state) == state)
            {
                Do(_units - (int)state, slot);
                return true;
            }
        }
    }

    private void Do(int unit, int slot)
    {
        try
        {
            _body!(unit, slot);
        }
#pragma warning disable CA1031 // Thrown again on the caller's thread.
        catch (Exception error)
#pragma warning restore CA1031
        {
            lock (_errorLock)
            {
                if (_error is null || unit < _errorUnit)
                {
                    _error = ExceptionDispatchInfo.Capture(error);
                    _errorUnit = unit;
                }
            }
        }

        Interlocked.Decrement(ref _unfinished);
    }

    private sealed class Helper(WorkerTeam team, int slot) : IThreadPoolWorkItem
    {
        // About 200 µs: longer than the gaps between the phases of a step, shorter than anyone would mind.
        private const int Patience = 250;

        private int _awake;

        public void Wake()
        {
            if (Interlocked.CompareExchange(ref _awake, 1, 0) == 0)
            {
                ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
            }
        }

        public void Execute()
        {
            do
            {
                int idle = 0;
                while (idle < Patience)
                {
                    if (team.TryWork(slot))
                    {
                        idle = 0;
                    }
                    else
                    {
                        idle++;
                        Thread.SpinWait(20);
                    }
                }

                Volatile.Write(ref _awake, 0);
                Interlocked.MemoryBarrier();
            }
            while ((int)Volatile.Read(ref team._state) != 0 && Interlocked.CompareExchange(ref _awake, 1, 0) == 0);
        }
    }
}
