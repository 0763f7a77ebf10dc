using System.ComponentModel;
using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Text.Json;

namespace GpuKMeans.Spatial.Tests.GeoParquet;

/// <summary>A file to be read by the independent readers, and queries over <c>$file</c> for DuckDB.</summary>
internal sealed record ReadRequest(string Name, string Path, IReadOnlyDictionary<string, string> Sql);

/// <summary>Runs the readers of the folder "readers" on files: one process for all.</summary>
internal static class IndependentReaders
{
    private static readonly string _folder = Path.Combine(Path.GetDirectoryName(SourceFolder())!, "readers");

    /// <summary>What each reader found in each file, by the request's name; or why they cannot run here.</summary>
    public static async Task<(JsonElement Answers, string? Unavailable)> ReadAsync(IReadOnlyList<ReadRequest> requests)
    {
        try
        {
            if (!Directory.Exists(Path.Combine(_folder, "node_modules")))
            {
                // On Windows npm is a script, which only its shell can run.
                (int code, _, string error) = OperatingSystem.IsWindows()
                    ? await RunAsync("cmd.exe", ["/c", "npm", "ci"], "")
                    : await RunAsync("npm", ["ci"], "");
                if (code != 0)
                {
                    return (default, $"npm ci failed in {_folder}: {error}");
                }
            }

            (int status, string output, string errors) = await RunAsync("node", ["read.mjs"], JsonSerializer.Serialize(requests, JsonSerializerOptions.Web));
            Assert.True(status == 0, errors);
            return (JsonElement.Parse(output), null);
        }
        catch (Win32Exception e)
        {
            return (default, $"Node is not installed: {e.Message}");
        }
    }

    private static async Task<(int Status, string Output, string Errors)> RunAsync(string program, string[] arguments, string input)
    {
        using var process = new Process
        {
            StartInfo = new ProcessStartInfo(program, arguments)
            {
                WorkingDirectory = _folder,
                RedirectStandardInput = true,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            },
        };
        process.Start();
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        Task<string> errors = process.StandardError.ReadToEndAsync();
        await process.StandardInput.WriteAsync(input);
        process.StandardInput.Close();
        await process.WaitForExitAsync();
        return (process.ExitCode, await output, await errors);
    }

    private static string SourceFolder([CallerFilePath] string file = "") => Path.GetDirectoryName(file)!;
}
