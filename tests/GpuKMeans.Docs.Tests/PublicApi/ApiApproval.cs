using System.Reflection;

namespace GpuKMeans.Docs.Tests.PublicApi;

/// <summary>Compares the public surface of an assembly with the approved one.</summary>
internal static class ApiApproval
{
    /// <summary>Fails with the difference; with GPUKMEANS_APPROVE=1 approves what there is.</summary>
    public static void Check(string assembly)
    {
        string folder = Repository.PathOf("tests/GpuKMeans.Docs.Tests/PublicApi");
        string approvedPath = Path.Combine(folder, $"{assembly}.txt");
        string receivedPath = Path.Combine(folder, $"{assembly}.received.txt");
        string received = ApiPrinter.Print(Assembly.Load(assembly));
        File.Delete(receivedPath);
        if (Environment.GetEnvironmentVariable("GPUKMEANS_APPROVE") == "1")
        {
            File.WriteAllText(approvedPath, received);
            return;
        }

        string approved = File.Exists(approvedPath) ? File.ReadAllText(approvedPath).ReplaceLineEndings("\n") : "";
        if (received != approved)
        {
            File.WriteAllText(receivedPath, received);
            string[] before = approved.Split('\n'), after = received.Split('\n');
            Assert.Fail(
                $"The public surface of {assembly} is not the approved one. If it should change, run this test with "
                + $"GPUKMEANS_APPROVE=1 and commit {assembly}.txt. Now there is {assembly}.received.txt.\n"
                + string.Concat(before.Except(after).Select(line => $"- {line}\n"))
                + string.Concat(after.Except(before).Select(line => $"+ {line}\n")));
        }
    }
}
