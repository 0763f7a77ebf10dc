#!/usr/bin/env bash
# Runs GpuKMeans and its peers on the same files, one after another in turn, and prints a table in Markdown.
#
#   benchmarks/compare.sh [--rounds n] [--quick] [work ...]
#
# Works: assign lloyd init step fit (all of them when none is named). --quick takes small shapes, to try the script out.
# The peers are Debian's python3-sklearn, python3-faiss and python3-torch; PYTHON names another interpreter that has them,
# PEERS leaves some out, as in PEERS="sklearn torch"; SHAPES takes other blobs (rows:dimension:clusters), as in
# SHAPES="200000:64:100". Data and figures are kept in artifacts/benchmarks.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(dirname "$here")
out=$root/artifacts/benchmarks
data=$out/data
figures=$out/figures.jsonl
python=${PYTHON:-/usr/bin/python3}
peers=${PEERS:-sklearn faiss torch}
threads=$(nproc)
rounds=3
quick=
works=()
while (($#)); do
  case $1 in
    --rounds) rounds=$2; shift ;;
    --quick) quick=1 ;;
    assign | lloyd | init | step | fit) works+=("$1") ;;
    *) echo "compare.sh: unknown argument \"$1\"" >&2; exit 2 ;;
  esac
  shift
done
((${#works[@]})) || works=(assign lloyd init step fit)
mkdir -p "$data"
: > "$figures"

if [[ -r /proc/loadavg ]] && awk '{ exit !($1 > 0.5) }' /proc/loadavg; then
  echo "warning: the machine is busy (load $(cut -d ' ' -f 1 /proc/loadavg)); the figures will not hold" >&2
fi

# Fair to the peers: OpenBLAS's fastest kernels, its OpenMP build (the other fights scikit-learn's threads), every instruction
# the machine has, every core.
unset OPENBLAS_CORETYPE OPENBLAS_L2_SIZE
openmp=$(find /usr/lib -maxdepth 2 -type d -name openblas-openmp 2> /dev/null | head -1)
[[ -z $openmp ]] || export LD_LIBRARY_PATH=$openmp${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
if grep -qw avx512f /proc/cpuinfo 2> /dev/null; then export ATEN_CPU_CAPABILITY=avx512; fi
export OMP_NUM_THREADS=$threads
if [[ -n $peers ]]; then
  blas=$("$python" "$here/peers/openblas.py")
  [[ -z $blas ]] || export OPENBLAS_CORETYPE=$blas
fi

dotnet build "$here/GpuKMeans.Measure" -c Release -nologo -v quiet -clp:NoSummary >&2
ours=$here/GpuKMeans.Measure/bin/Release/net10.0/GpuKMeans.Measure.dll

make_data() { [[ -f $data/$1.npy ]] || "$python" "$here/peers/make_data.py" "${@:2}" --out "$data/$1.npy"; }

# run WORK ARGUMENTS: every engine in turn, round after round, for clocks drift. Each round has a seed of its own.
run() {
  local round peer args
  for ((round = 1; round <= rounds; round++)); do
    args=("$@" --threads "$threads")
    case $1 in init | fit | step) args+=(--seed "$round") ;; esac
    echo "round $round: ${args[*]}" >&2
    dotnet "$ours" peak --threads "$threads" >> "$figures"
    dotnet "$ours" "${args[@]}" --device cpu >> "$figures"
    for peer in $peers; do
      "$python" -W ignore "$here/peers/${peer}_peer.py" "${args[@]}" >> "$figures"
    done
  done
}

# rows:dimension:clusters
if [[ $quick ]]; then
  shapes=(20000:64:100 10000:2:100 5000:768:256)
  seeded=(20000:64:100)
else
  shapes=(200000:64:100 1000000:128:1000 50000:768:256 50000:1024:256 100000:2:100 100000:3:100)
  seeded=(200000:64:100 50000:768:256)
fi

[[ -z ${SHAPES:-} ]] || read -ra shapes <<< "$SHAPES"

# run_ours WORK ARGUMENTS: another form of what was run last, without the peers.
run_ours() {
  local round
  for ((round = 1; round <= rounds; round++)); do
    dotnet "$ours" "$@" --threads "$threads" --seed "$round" --device cpu >> "$figures"
  done
}

# Sets x and c: the files of a shape, and k.
prepare() {
  local n d
  IFS=: read -r n d k <<< "$1"
  make_data "blobs_${n}x${d}_$k" blobs --rows "$n" --dimension "$d" --clusters "$k"
  x=$data/blobs_${n}x${d}_$k.npy
  make_data "blobs_${n}x${d}_${k}_centers" centers --data "$x" --clusters "$k"
  c=$data/blobs_${n}x${d}_${k}_centers.npy
}

# Sets other and x: the name and the file of rows that are no blobs, kind:dimension.
prepare_other() {
  local n=50000
  [[ ! $quick ]] || n=5000
  other=${1%:*}_${n}x${1#*:}
  make_data "$other" "${1%:*}" --rows "$n" --dimension "${1#*:}"
  x=$data/$other.npy
}

for work in "${works[@]}"; do
  case $work in
    assign)
      for shape in "${shapes[@]}"; do prepare "$shape"; run assign --data "$x" --centers "$c"; done
      # Rows without clusters, and rows whose clusters no few columns tell apart: nothing can be passed over.
      for kind in uniform:128 heavy:768; do
        prepare_other "$kind"
        make_data "${other}_256_centers" centers --data "$x" --clusters 256
        run assign --data "$x" --centers "$data/${other}_256_centers.npy"
      done
      ;;
    lloyd) for shape in "${shapes[@]}"; do prepare "$shape"; run lloyd --data "$x" --centers "$c" --iterations 10; done ;;
    init) for shape in "${seeded[@]}"; do prepare "$shape"; run init --data "$x" --clusters "$k" --all-rows; done ;;
    step)
      for shape in "${shapes[@]:0:2}"; do
        prepare "$shape"
        for batch in 1024 8192; do run step --data "$x" --centers "$c" --batch "$batch" --steps 50; done
      done
      ;;
    fit)
      for shape in "${shapes[@]:0:3}"; do prepare "$shape"; run fit --data "$x" --clusters "$k"; done
      for kind in uniform:128 heavy:768; do
        prepare_other "$kind"
        run fit --data "$x" --clusters 256
        # As far as faiss's 25 iterations come on rows without clusters.
        [[ $kind != uniform:* ]] || run_ours fit --data "$x" --clusters 256 --final-iterations 25
      done
      if [[ ! -f $data/places.npy ]]; then
        dotnet run -c Release --project "$root/samples/PlaceNames" -- --output "$out/places.parquet" --embeddings "$data/places.npy" >&2
      fi
      run fit --data "$data/places.npy" --clusters 60
      ;;
  esac
done
"$python" "$here/peers/table.py" "$figures"
