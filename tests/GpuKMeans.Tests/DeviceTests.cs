namespace GpuKMeans.Tests;

/// <summary>Names of devices.</summary>
public sealed class DeviceTests
{
    [Theory]
    [InlineData("auto", "auto"), InlineData("CPU", "cpu"), InlineData("cuda", "cuda:0"), InlineData("Cuda:3", "cuda:3")]
    public void Names_are_read_and_written(string text, string name)
    {
        Device device = Device.Parse(text);
        Assert.Equal(name, device.ToString());
        Assert.Equal(device, Device.Parse(name));
    }

    [Theory, InlineData(""), InlineData("gpu"), InlineData("cuda:"), InlineData("cuda:-1"), InlineData("cuda:x"), InlineData("cpu:0")]
    public void Other_names_are_refused(string text) =>
        Assert.Contains("use auto, cpu, cuda or cuda:n", Assert.Throws<FormatException>(() => Device.Parse(text)).Message);

    [Fact]
    public void The_default_is_auto_and_each_is_one_kind()
    {
        Assert.Equal(Device.Auto, default);
        foreach (Device device in (Device[])[Device.Auto, Device.Cpu, Device.Cuda(1)])
        {
            Assert.Single((bool[])[device.IsAuto, device.IsCpu, device.IsCuda], true);
        }

        Assert.Equal(1, Device.Cuda(1).Index);
        Assert.Throws<ArgumentOutOfRangeException>(() => Device.Cuda(-1));
    }
}
