#!/usr/bin/env bash
# Builds everything, runs every test, says what was skipped and why, and ends with one line:
#   N passed, N failed[, N skipped]
# Needs the .NET SDK. PostGIS and Node.js are used where they are, or can be, installed; with CI=true they must be.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")" || exit 1
results=$PWD/artifacts/test-results
passed=0 failed=0 skipped=0
notes=()
# The tests themselves ask for this to tell a build server from a laptop.
[[ ${CI:-} != true ]] || export GPUKMEANS_REQUIRE_NODE=1 GPUKMEANS_REQUIRE_TORCH=1
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1

say() { printf '\n== %s\n' "$*"; }
have() { command -v "$1" > /dev/null 2>&1; }

# What CI must have and a laptop may lack.
missing() {
  notes+=("$1")
  if [[ ${CI:-} == true ]]; then
    echo "error: $1" >&2
    ((failed++))
  fi
}

finish() {
  if ((${#notes[@]})); then
    say "Not tested here"
    printf '%s\n' "${notes[@]}" | sort | uniq -c | sed -E 's/^ *([0-9]+) /  \1 x /'
  fi
  echo
  echo "$passed passed, $failed failed$( ((skipped)) && echo ", $skipped skipped")"
  exit $((failed > 0))
}

have_postgis() { compgen -G '/usr/share/postgresql/*/extension/postgis.control' > /dev/null; }

install_postgis() {
  local sudo= package
  if ((EUID)); then
    sudo -n true 2> /dev/null || return 1
    sudo='sudo -n'
  fi
  have apt-get || return 1
  find_package() { apt-cache search --names-only '^postgresql-[0-9]+-postgis-3$' | awk '{ print $1 }' | sort -V | tail -1; }
  package=$(find_package)
  if [[ -z $package ]] || ! $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends "$package"; then
    # The lists may be absent, or older than the packages.
    $sudo apt-get update -q && package=$(find_package) && [[ -n $package ]] || return 1
    $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends "$package"
  fi
}

if [[ -z ${GPUKMEANS_TEST_POSTGIS:-} ]] && ! have_postgis; then
  say "Installing PostGIS"
  install_postgis || true
  have_postgis || missing "PostGIS: no server; install postgresql-15-postgis-3 or name one in GPUKMEANS_TEST_POSTGIS"
fi

readers=tests/GpuKMeans.Spatial.Tests/readers
if [[ -f $readers/package-lock.json ]]; then
  if have node && have npm; then
    if [[ ! -f $readers/node_modules/.package-lock.json || $readers/package-lock.json -nt $readers/node_modules/.package-lock.json ]]; then
      say "Installing the independent readers of GeoParquet"
      (cd "$readers" && npm ci --no-audit --no-fund) || missing "GeoParquet readers: npm ci failed"
    fi
  else
    missing "GeoParquet readers: Node.js and npm are not installed"
  fi
fi

# Some feeds lack TorchSharp. With WithTorchSharp=true set beforehand it must be had.
if [[ -z ${WithTorchSharp:-} ]]; then
  say "Asking for TorchSharp"
  if dotnet restore tests/GpuKMeans.TorchSharp.Tests -p:WithTorchSharp=true -nologo -v quiet; then
    export WithTorchSharp=true
  else
    export WithTorchSharp=false
    notes+=("TorchSharp: not on the package feed; GpuKMeans.TorchSharp, its tests and its sample were not built")
  fi
fi

say "Building"
# Tests find their files by the paths of their sources, which a build server would map.
if ! dotnet build GpuKMeans.sln -c Release -nologo -clp:NoSummary -warnaserror; then
  echo "error: the build failed" >&2
  ((failed++))
  finish
fi

# The sum of an attribute of the counters in a results file.
counter() { grep -o '<Counters [^>]*' "$1" | grep -o " $2=\"[0-9]*\"" | tr -dc '0-9\n' | awk '{ n += $1 } END { print n + 0 }'; }

# Why tests were skipped: one line a test, cut where it grows long.
reasons() {
  tr '\r\n' '  ' < "$1" | sed 's/<UnitTestResult /\n&/g; s/<\/UnitTestResult>/&\n/g' | grep 'outcome="NotExecuted"' \
    | sed -nE 's/.*<(Message|StdOut)>([^<]*).*/\2/p' | sed 's/&quot;/"/g; s/&apos;/'"'"'/g; s/&lt;/</g; s/&gt;/>/g; s/&amp;/\&/g' \
    | cut -c 1-160
}

# run NAME PROJECT [ARGUMENT ...]: runs a project's tests and takes them into the totals.
run() {
  local name=$1 project=$2 trx=$results/$1.trx status p t e reason
  shift 2
  say "$name"
  dotnet test "$project" -c Release --no-build --nologo --logger "trx;LogFileName=$name.trx" \
    --logger "console;verbosity=minimal" --results-directory "$results" "$@"
  status=$?
  if [[ ! -f $trx ]]; then
    echo "error: $name ended without results" >&2
    ((failed++))
    return
  fi
  p=$(counter "$trx" passed) t=$(counter "$trx" total) e=$(counter "$trx" executed)
  ((passed += p, failed += e - p, skipped += t - e))
  if ((status != 0 && e == p)); then
    echo "error: $name failed outside of its tests" >&2
    ((failed++))
  fi
  while IFS= read -r reason; do notes+=("$reason"); done < <(reasons "$trx")
}

rm -rf "$results"
for project in tests/*/*.csproj; do
  [[ $project == *TorchSharp* && $WithTorchSharp != true ]] && continue
  run "$(basename "$project" .csproj)" "$project"
done

# The engine's tests go through every kernel by themselves; what stands on the engine is run under each but the default.
kernels=(vector128 portable)
grep -qw avx512f /proc/cpuinfo 2> /dev/null && kernels=(avx2 "${kernels[@]}")
for kernel in "${kernels[@]}"; do
  GPUKMEANS_CPU_KERNEL=$kernel run "GpuKMeans.Tests-$kernel" tests/GpuKMeans.Tests/GpuKMeans.Tests.csproj \
    --filter "FullyQualifiedName~GpuKMeans.Tests.Estimators"
done

# On a Hopper GPU other kernels run than on those before it, which this asks for.
if have nvidia-smi && nvidia-smi -L > /dev/null 2>&1; then
  GPUKMEANS_CUDA_KERNEL=sm80 run GpuKMeans.Tests-sm80 tests/GpuKMeans.Tests/GpuKMeans.Tests.csproj \
    --filter "FullyQualifiedName~GpuKMeans.Tests.Cuda|FullyQualifiedName~GpuKMeans.Tests.Engines"
fi

if [[ $WithTorchSharp == true ]]; then
  GPUKMEANS_TORCH_ENGINE=always run GpuKMeans.TorchSharp.Tests-always \
    tests/GpuKMeans.TorchSharp.Tests/GpuKMeans.TorchSharp.Tests.csproj --filter "FullyQualifiedName!~GpuKMeans.Tests.Engines"
fi

say "Packages"
if tests/package/run.sh; then ((passed++)); else ((failed++)); fi

finish
