#!/usr/bin/env bash
# Packs the packages and uses them as a stranger would: from a fresh console project outside this tree.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
# The real path: no Directory.Build.props of ours may lie above it.
work=$(cd "$(mktemp -d)" && pwd -P)
trap 'rm -rf "$work"' EXIT
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1

# A version that no cache can have.
version=0.0.0-smoke.$(date +%s).$$

packages=(GpuKMeans GpuKMeans.Spatial)
[[ ${WithTorchSharp:-} != true ]] || packages+=(GpuKMeans.TorchSharp)
for project in "${packages[@]}"; do
  dotnet pack "$root/src/$project/$project.csproj" -c Release -o "$work/feed" --artifacts-path "$work/artifacts" \
    -p:Version="$version" -nologo -v quiet -clp:NoSummary
done

mkdir "$work/app"
cp "$here/Program.cs" "$work/app/"
sed "s/@VERSION@/$version/" "$here/Smoke.csproj.in" > "$work/app/Smoke.csproj"
cat > "$work/app/nuget.config" << 'CONFIG'
<configuration>
  <packageSources>
    <add key="feed" value="../feed" />
  </packageSources>
</configuration>
CONFIG

# Our packages are unpacked into a folder of this run; what they depend on may come from where it already lies.
cache=$(dotnet nuget locals global-packages --list | sed 's/^[^:]*: *//')
cd "$work/app"
dotnet restore -nologo -v quiet --packages "$work/packages" -p:RestoreFallbackFolders="$cache"
dotnet run -c Release --no-restore -- "$work/feed" "$version" "$work/smoke.parquet" "${packages[@]}"
