using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;

namespace GpuKMeans.Tests;

/// <summary>Lets TorchSharp's native library load where the C++ library is that of a compiler before GCC 13, as in Debian 12.</summary>
/// <remarks>
/// It asks for version GLIBCXX_3.4.32 by the name of a symbol that the compiler puts into every file and nothing refers to. In the
/// copy beside the tests that wish is marked as weak, which a loader may pass over; the package is left alone.
/// </remarks>
internal static class OlderLibrary
{
    private const string Wish = "GLIBCXX_3.4.32";
    private const uint NeededVersions = 0x6ffffffe;
    private const ushort Weak = 2;

    // Before any test asks for torch: once it has failed to load, it fails for good.
    [ModuleInitializer]
    internal static void Admit()
    {
        string path = Path.Combine(AppContext.BaseDirectory, "libLibTorchSharp.so");
        if (!OperatingSystem.IsLinux() || RuntimeInformation.ProcessArchitecture != Architecture.X64 || !File.Exists(path))
        {
            return;
        }

        if (NativeLibrary.TryLoad("libstdc++.so.6", out nint library))
        {
            // The symbol that the version came with.
            bool has = NativeLibrary.TryGetExport(library, "_ZSt21ios_base_library_initv", out _);
            NativeLibrary.Free(library);
            if (!has)
            {
                MarkWeak(path);
            }
        }
    }

    private static void MarkWeak(string path)
    {
        byte[] file = File.ReadAllBytes(path);
        if (Flags(file) is not { } flags || BinaryPrimitives.ReadUInt16LittleEndian(file.AsSpan(flags)) == Weak)
        {
            return;
        }

        BinaryPrimitives.WriteUInt16LittleEndian(file.AsSpan(flags), Weak);
        string changed = $"{path}.{Environment.ProcessId}";
        File.WriteAllBytes(changed, file);
        File.Move(changed, path, overwrite: true);
    }

    /// <summary>Where the flags of the wish are in an ELF file of 64 bits; null where it has no such wish.</summary>
    private static int? Flags(ReadOnlySpan<byte> file)
    {
        int sections = Int(file, 0x28), size = Short(file, 0x3A), count = Short(file, 0x3C);
        for (int i = 0; i < count; i++)
        {
            int section = sections + (i * size);
            if (BinaryPrimitives.ReadUInt32LittleEndian(file[(section + 4)..]) != NeededVersions)
            {
                continue;
            }

            int names = Int(file, sections + (Int(file, section + 0x28) * size) + 0x18);
            int library = Int(file, section + 0x18);
            for (int next = 1; next != 0; library += next)
            {
                int version = library + Int(file, library + 8);
                for (int step = 1; step != 0; version += step)
                {
                    ReadOnlySpan<byte> name = file[(names + Int(file, version + 8))..];
                    if (Encoding.ASCII.GetString(name[..name.IndexOf((byte)0)]) == Wish)
                    {
                        return version + 4;
                    }

                    step = Int(file, version + 12);
                }

                next = Int(file, library + 12);
            }
        }

        return null;
    }

    private static int Int(ReadOnlySpan<byte> file, int offset) => BinaryPrimitives.ReadInt32LittleEndian(file[offset..]);

    private static int Short(ReadOnlySpan<byte> file, int offset) => BinaryPrimitives.ReadUInt16LittleEndian(file[offset..]);
}
