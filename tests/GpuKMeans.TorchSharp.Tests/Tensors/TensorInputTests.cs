using System.Buffers;
using TorchSharp;
using Tensor = TorchSharp.torch.Tensor;

namespace GpuKMeans.Tests.Tensors;

/// <summary>What tensors may be, and what is said of those that may not.</summary>
public sealed class TensorInputTests
{
    public static TheoryData<string> Devices => TestDevices.Names;

    public static TheoryData<string, torch.ScalarType> DevicesAndTypes => new(
        from device in (string[])["cpu", "cuda"]
        from type in (torch.ScalarType[])
            [torch.ScalarType.Float32, torch.ScalarType.Float64, torch.ScalarType.Float16, torch.ScalarType.BFloat16]
        select (device, type));

    [Theory, MemberData(nameof(DevicesAndTypes))]
    public void Every_type_of_floating_point_is_taken(string name, torch.ScalarType type)
    {
        torch.Device device = TestDevices.Get(name);
        using var scope = torch.NewDisposeScope();

        // Whole numbers to 64 are the same in all types.
        float[] values = TestData.Values(40 * 6, i => i * 7 % 64);
        Tensor rows = torch.tensor(values, [40, 6]).to(type).to(device);
        Assert.Equal(values, Read(rows.AsVectors()));
        using var kmeans = new MiniBatchKMeans(4);
        using var expected = new MiniBatchKMeans(4);
        Assert.Equal(
            expected.FitPredict(TestSet.ToArray(values, 6)).Select(label => (long)label),
            kmeans.FitPredict(rows).cpu().data<long>().ToArray());
    }

    [Theory, MemberData(nameof(Devices))]
    public void Views_and_tensors_with_gradient_are_taken_as_they_look(string name)
    {
        torch.Device device = TestDevices.Get(name);
        using var scope = torch.NewDisposeScope();
        Tensor whole = torch.arange(400, torch.ScalarType.Float32, device).view(20, 20);
        foreach (Tensor rows in (Tensor[])[
            whole.t(),
            whole.narrow(1, 3, 5),
            whole.narrow(0, 7, 6),
            whole.view(-1).narrow(0, 1, 60).view(12, 5),
            whole.clone().requires_grad_(),
            whole.clone().requires_grad_() * 2])
        {
            using VectorSource source = rows.AsVectors();
            Assert.Equal(rows.detach().contiguous().cpu().data<float>().ToArray(), Read(source));
            using var kmeans = new MiniBatchKMeans(3);
            Tensor labels = kmeans.FitPredict(rows);
            Assert.False(kmeans.Transform(rows).requires_grad);
            Assert.Equal(rows.shape[0], labels.shape[0]);
        }
    }

    [Theory, MemberData(nameof(Devices))]
    public void A_tensor_on_another_device_than_asked_for_is_taken_there(string name)
    {
        torch.Device device = TestDevices.Get(name);
        using var scope = torch.NewDisposeScope();
        TestSet set = TestData.Make("blobs", 500, 6, 5, seed: 3);
        Tensor rows = torch.tensor(set.Rows, [500, 6]).to(device);
        foreach (Device where in name == "cuda" ? [Device.Cpu, Device.Cuda()] : (Device[])[Device.Cpu])
        {
            var kmeans = new KMeans(new KMeansOptions { ClusterCount = 5, Device = where });
            Tensor labels = kmeans.FitPredict(rows);
            Assert.Equal(device.type, labels.device_type);
            Assert.Equal(where == Device.Cpu, !kmeans.Report.Engine.Contains("cuda", StringComparison.Ordinal));
        }
    }

    [Fact]
    public void A_model_made_in_inference_mode_is_of_use_outside()
    {
        TestDevices.Get("cpu");
        using var scope = torch.NewDisposeScope();
        Tensor rows = torch.rand(200, 4);
        using var kmeans = new MiniBatchKMeans(3);
        using (torch.inference_mode())
        {
            kmeans.PartialFit(rows);
            kmeans.Transform(rows);
        }

        kmeans.PartialFit(rows);
        Assert.Equal([200], kmeans.Predict(rows).shape);
    }

    [Fact]
    public void Rows_in_the_hosts_memory_are_read_where_they_lie()
    {
        TestDevices.Get("cpu");
        using var scope = torch.NewDisposeScope();
        Tensor rows = torch.zeros(10, 4);
        using VectorSource source = rows.narrow(0, 2, 5).AsVectors();
        rows[3, 1] = 7;
        Assert.True(source.TryPin(out MemoryHandle handle));
        using (handle)
        {
            unsafe
            {
                Assert.Equal(7, ((float*)handle.Pointer)[5]);
            }
        }
    }

    [Fact]
    public void A_source_outlives_its_tensor_and_its_scope()
    {
        TestDevices.Get("cpu");
        VectorSource source;
        using (torch.NewDisposeScope())
        {
            Tensor rows = torch.ones(10, 4);
            source = rows.AsVectors();
            rows.Dispose();
        }

        Assert.Equal(Enumerable.Repeat(1f, 40), Read(source));
        source.Dispose();
    }

    [Fact]
    public void Other_tensors_are_refused_in_words()
    {
        TestDevices.Get("cpu");
        using var scope = torch.NewDisposeScope();
        using var kmeans = new MiniBatchKMeans(2);
        Refused(torch.zeros(5), "The tensor has 1 dimensions (5): rows need two, N×D.");
        Refused(torch.zeros(2, 3, 4), "The tensor has 3 dimensions (2×3×4): rows need two, N×D.");
        Refused(torch.zeros(3, 0), "The tensor is 3×0: a row needs at least one value.");
        Refused(torch.zeros(3, 2, torch.ScalarType.Int64), "The tensor is of type Int64: Float32, Float64, Float16 or BFloat16 is needed.");
        Refused(torch.zeros(3, 2, torch.ScalarType.ComplexFloat32), "The tensor is of type ComplexFloat32");
        Refused(torch.zeros(1, 2), "There are 1 rows and ClusterCount is 2");
        Refused(torch.zeros(0, 2), "There are 0 rows and ClusterCount is 2");
        Assert.Throws<ArgumentNullException>("data", () => kmeans.Fit((Tensor)null!));

        void Refused(Tensor tensor, string message) =>
            Assert.Contains(message, Assert.Throws<ArgumentException>(() => kmeans.Fit(tensor)).Message);
    }

    private static float[] Read(VectorSource source)
    {
        float[] values = new float[source.Count * source.Dimension], scattered = new float[values.Length];
        source.Read(0, values);
        source.Gather([.. Enumerable.Range(0, (int)source.Count).Select(row => source.Count - 1 - row)], scattered);
        Assert.Equal(values.Chunk(source.Dimension).Reverse().SelectMany(row => row), scattered);
        return values;
    }
}
