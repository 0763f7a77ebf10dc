using System.Buffers;
using System.Runtime.InteropServices;
using GpuKMeans.Engines;
using GpuKMeans.Engines.Cuda;
using GpuKMeans.Engines.Torch;
using TorchSharp;
using Tensor = TorchSharp.torch.Tensor;

namespace GpuKMeans;

/// <summary>
/// Rows of a tensor, where they lie. Those in the host's memory are read there by the engines of the core, those on an
/// NVIDIA GPU by its CUDA engine, and those on any other device by <see cref="TorchEngine"/>.
/// </summary>
internal sealed unsafe class TensorVectors : VectorSource
{
    // What the kernels of the CUDA engine read at once.
    private const int Alignment = 16;

    private readonly torch.Device _device;
    private readonly ulong _address;

    private TensorVectors(Tensor rows)
        : base(rows.shape[0], (int)rows.shape[1])
    {
        (Rows, _device) = (rows.DetachFromDisposeScope(), rows.device);
        if (_device.type is DeviceType.CPU or DeviceType.CUDA && Count > 0)
        {
            _address = (ulong)rows.storage<float>().data_ptr() + ((ulong)rows.storage_offset() * sizeof(float));
        }
    }

    /// <summary>N×D contiguous float32, without gradient.</summary>
    public Tensor Rows { get; }

    /// <summary>Takes a tensor. One of contiguous float32 is viewed, others are converted.</summary>
    /// <exception cref="ArgumentException">It is no N×D tensor of floating-point numbers.</exception>
    public static TensorVectors Of(Tensor tensor, string name)
    {
        ArgumentNullException.ThrowIfNull(tensor, name);
        if (tensor.is_sparse)
        {
            throw TensorErrors.Sparse(name);
        }

        if (tensor.dim() != 2)
        {
            throw TensorErrors.Rank(tensor, name);
        }

        if (tensor.shape[1] is 0 or > int.MaxValue)
        {
            throw tensor.shape[1] == 0 ? TensorErrors.NoColumns(tensor, name) : TensorErrors.TooManyColumns(tensor, name);
        }

        if (tensor.dtype is not (torch.ScalarType.Float32 or torch.ScalarType.Float64 or torch.ScalarType.Float16 or torch.ScalarType.BFloat16))
        {
            throw TensorErrors.Type(tensor, name);
        }

        using var scope = torch.NewDisposeScope();
        Tensor rows = tensor.detach().to(torch.ScalarType.Float32).contiguous();
        bool aligned = rows.device_type != DeviceType.CUDA || rows.storage_offset() * sizeof(float) % Alignment == 0;
        return new TensorVectors(aligned ? rows : rows.clone());
    }

    /// <summary>A copy of all values in the host's memory.</summary>
    public float[] ToArray()
    {
        float[] values = new float[Count * Dimension];
        Read(0, values);
        return values;
    }

    internal override Device? Home => _device.type switch
    {
        _ when TorchEngine.IsForced => Device.Foreign($"torch:{_device}"),
        DeviceType.CPU => null,
        DeviceType.CUDA when CudaEngine.IsAvailable(_device.index) => Device.Cuda(_device.index),
        _ => Device.Foreign($"torch:{_device}"),
    };

    internal override KMeansEngine CreateEngine() => new TorchEngine(_device);

    internal override ulong AddressOn(int gpu)
    {
        if (_device.type != DeviceType.CUDA || _device.index != gpu || _address % Alignment != 0)
        {
            return 0;
        }

        // Torch queues on streams of its own, which those of the CUDA engine do not wait for.
        torch.cuda.synchronize(_device);
        return _address;
    }

    internal override RowSummary Summarize(
        ReadOnlyMemory<float> weights, bool normalize, int threads, CancellationToken cancellationToken) =>
        _device.type == DeviceType.CPU && !TorchEngine.IsForced
            ? base.Summarize(weights, normalize, threads, cancellationToken)
            : new TensorStatistics(this, weights, normalize).Summarize(cancellationToken);

    public override void Read(long start, Span<float> destination)
    {
        CheckRange(start, destination);
        if (_device.type == DeviceType.CPU)
        {
            new Span<float>((float*)_address + (start * Dimension), destination.Length).CopyTo(destination);
            return;
        }

        using Tensor rows = Rows.narrow(0, start, destination.Length / Dimension);
        HostMemory.Download(rows, destination);
    }

    public override void Gather(ReadOnlySpan<long> rows, Span<float> destination)
    {
        if (_device.type == DeviceType.CPU)
        {
            base.Gather(rows, destination);
            return;
        }

        using Tensor index = HostMemory.Upload(rows, torch.ScalarType.Int64, _device, rows.Length);
        using Tensor gathered = Rows.index_select(0, index);
        HostMemory.Download(gathered, destination);
    }

    public override bool TryPin(out MemoryHandle handle)
    {
        // The handle keeps the tensor, and so its memory, for as long as it is held.
        handle = _device.type == DeviceType.CPU ? new MemoryHandle((void*)_address, GCHandle.Alloc(Rows)) : default;
        return _device.type == DeviceType.CPU;
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            Rows.Dispose();
        }

        base.Dispose(disposing);
    }
}
