namespace GpuKMeans.Engines.Cuda.Driver;

/// <summary>All kernels. A source file is loaded when the first of its kernels is asked for.</summary>
/// <param name="overlapping">
/// Whether the GPU (from compute capability 9.0 on) lets a kernel come while the one before it ends; then the variants that wait
/// for that themselves are taken.
/// </param>
internal sealed class CudaKernels(bool overlapping)
{
    private const int DynamicSharedMemory = 8;

    // Of Kernels/build.sh: the end of the name of a variant.
    private const string Overlapping = "_sm90";

    private static readonly (string Module, string Function)[] s_names =
    [
        ("assign_wide", "assign_wide"),
        ("candidates", "find_candidates"),
        ("rounding", "round_listed_rows"),
        ("assign_held_16", "assign_held_16"),
        ("assign_held_32", "assign_held_32"),
        ("assign_held_64", "assign_held_64"),
        ("assign_held_128", "assign_held_128"),
        ("assign_ring_16", "assign_ring_16"),
        ("assign_ring_32", "assign_ring_32"),
        ("assign_ring_64", "assign_ring_64"),
        ("assign_ring_128", "assign_ring_128"),
        ("assign_64_sm90a", "assign_shared_64"),
        ("assign_128_sm90a", "assign_short_128"),
        ("assign_long_sm90a", "assign_long"),
        ("assign_few_8", "assign_few_8"),
        ("assign_few_16", "assign_few_16"),
        ("assign_few_64", "assign_few_64"),
        ("assign_few_128", "assign_few_128"),
        ("assign_few_256", "assign_few_256"),
        ("assign_few_128_sm90a", "assign_few_128"),
        ("assign_few_finer_sm90a", "assign_few_finer"),
        ("assign_few_256_sm90a", "assign_few_256"),
        ("assign_direct", "assign_direct_2"),
        ("assign_direct", "assign_direct_3"),
        ("assign_direct", "assign_direct_4"),
        ("assign_direct", "assign_direct_8"),
        ("assign_direct", "assign_direct_16"),
        ("assign_batch_sm90a", "assign_batch_128"),
        ("assign_float32", "assign_float32"),
        ("assign_float32", "decide_float32"),
        ("settle", "settle_rows"),
        ("settle_batch", "settle_batch"),
        ("totals", "block_totals"),
        ("totals", "final_total"),
        ("centers", "measure_centers"),
        ("centers", "prepare_centers"),
        ("centers", "reseed_centers"),
        ("sort", "sort_batch"),
        ("sort", "sort_count"),
        ("sort", "sort_sum"),
        ("sort", "sort_place"),
        ("sort", "find_offsets"),
        ("sort", "find_extras"),
        ("step", "step_centers"),
        ("sums", "sum_segments"),
        ("sums", "move_centers"),
        ("relocate", "relocate_row"),
        ("rows", "order_rows"),
        ("rows", "normalize_rows"),
        ("rows", "gather_rows"),
        ("seeding", "measure_members"),
        ("seeding", "measure_near_members"),
        ("seeding", "measure_near_groups"),
        ("seeding", "try_members"),
        ("seeding", "accept_member"),
        ("seeding", "draw_rows"),
        ("distances", "all_distances"),
    ];

    private readonly Dictionary<string, CudaModule> _modules = [];
    private readonly nint[] _functions = new nint[s_names.Length];
    private readonly int[] _sharedBytes = new int[s_names.Length];
    private readonly bool[] _mayOverlap = [.. s_names.Select(names => overlapping
        && (names.Module.EndsWith("_sm90a", StringComparison.Ordinal) || CudaModule.Exists(names.Module + Overlapping)))];

    private readonly Lock _lock = new();

    /// <summary>Whether a kernel waits for the one before it by itself, so that it may be started before that has ended.</summary>
    public bool MayOverlap(Kernel kernel) => _mayOverlap[(int)kernel];

    /// <summary>The driver's handle for a kernel, made ready for blocks with so much shared memory.</summary>
    public nint Function(Kernel kernel, int sharedBytes)
    {
        nint function = Volatile.Read(ref _functions[(int)kernel]);
        return function != 0 && sharedBytes <= _sharedBytes[(int)kernel] ? function : Prepare(kernel, sharedBytes);
    }

    private nint Prepare(Kernel kernel, int sharedBytes)
    {
        lock (_lock)
        {
            (string name, string functionName) = s_names[(int)kernel];
            name += overlapping && CudaModule.Exists(name + Overlapping) ? Overlapping : "";
            if (!_modules.TryGetValue(name, out CudaModule? module))
            {
                module = new CudaModule(name);
                _modules.Add(name, module);
            }

            nint function = module.Function(functionName);
            if (sharedBytes > _sharedBytes[(int)kernel])
            {
                CudaNative.Check(CudaNative.cuFuncSetAttribute(function, DynamicSharedMemory, sharedBytes));
                _sharedBytes[(int)kernel] = sharedBytes;
            }

            Volatile.Write(ref _functions[(int)kernel], function);
            return function;
        }
    }
}

/// <summary>The kernels, in the order of <see cref="CudaKernels"/>' table.</summary>
internal enum Kernel
{
    AssignWide,
    FindCandidates,
    RoundListedRows,
    AssignHeld16,
    AssignHeld32,
    AssignHeld64,
    AssignHeld128,
    AssignRing16,
    AssignRing32,
    AssignRing64,
    AssignRing128,
    AssignShared64,
    AssignShort128,
    AssignLong,
    AssignFew8,
    AssignFew16,
    AssignFew64,
    AssignFew128,
    AssignFew256,
    AssignFewHopper128,
    AssignFewHopperFiner,
    AssignFewHopper256,
    AssignDirect2,
    AssignDirect3,
    AssignDirect4,
    AssignDirect8,
    AssignDirect16,
    AssignBatch128,
    AssignFloat32,
    DecideFloat32,
    SettleRows,
    SettleBatch,
    BlockTotals,
    FinalTotal,
    MeasureCenters,
    PrepareCenters,
    ReseedCenters,
    SortBatch,
    SortCount,
    SortSum,
    SortPlace,
    FindOffsets,
    FindExtras,
    StepCenters,
    SumSegments,
    MoveCenters,
    RelocateRow,
    OrderRows,
    NormalizeRows,
    GatherRows,
    MeasureMembers,
    MeasureNearMembers,
    MeasureNearGroups,
    TryMembers,
    AcceptMember,
    DrawRows,
    AllDistances,
}
