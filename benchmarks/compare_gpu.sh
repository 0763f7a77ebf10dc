#!/usr/bin/env bash
# Runs GpuKMeans on a GPU and its peers on the same files, and prints tables in Markdown.
#
#   benchmarks/compare_gpu.sh [--quick] [work ...]
#
# Works: assign lloyd step init predict fit start (all of them when none is named), hard and grid. --quick leaves out the
# largest files. hard: rows and centres on which exact labels cost most. grid: assign for 40 pairs of D and K, beside the fused
# kernel with tf32 products alone.
# The peers: PyTorch with float32 and with tf32 products, what the Python tool does (cdist and min on 1024 rows), a fused
# Triton kernel with tf32 products and with fp16 rows, and scikit-learn on the processor for `fit`; PEERS leaves some out, as
# in PEERS="tf32 triton". PYTHON names the Python that has torch, triton and sklearn; MEASURE a GpuKMeans.Measure that is built already, where there is no .NET SDK; DATA the
# folder of the data, some 12 GB.
set -uo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
out=${OUT:-$(dirname "$here")/artifacts/benchmarks}
data=${DATA:-$out/data}
figures=$out/figures_gpu.jsonl grid=$out/figures_gpu_grid.jsonl
python=${PYTHON:-python3}
peers=${PEERS:-fp32 tf32 recipe triton triton_fp16 sklearn}
export WARM_UP_SECONDS=${WARM_UP_SECONDS:-0.3}
quick=
works=()
for argument; do
  case $argument in
    --quick) quick=1 ;;
    assign | lloyd | step | init | predict | fit | start | hard | grid) works+=("$argument") ;;
    *) echo "compare_gpu.sh: unknown argument \"$argument\"" >&2; exit 2 ;;
  esac
done
((${#works[@]})) || works=(assign lloyd step init predict fit start)
mkdir -p "$data" "$out"
: > "$figures"
: > "$grid"
if [[ -z ${MEASURE:-} ]]; then
  dotnet build "$here/GpuKMeans.Measure" -c Release -nologo -v quiet -clp:NoSummary >&2
  MEASURE="dotnet $here/GpuKMeans.Measure/bin/Release/net10.0/GpuKMeans.Measure.dll"
fi

# Lines for the peers' processes, which start once: starting PyTorch takes longer than most of the work.
lines=$(mktemp -d) grid_lines=$(mktemp -d)
trap 'rm -rf "$lines" "$grid_lines"' EXIT

file() { [[ -f $data/$1.npy ]] || "$python" "$here/peers/make_data.py" "${@:2}" --out "$data/$1.npy"; }
ours() { $MEASURE "$@" --device cuda >> "$figures" || echo "compare_gpu.sh: GpuKMeans.Measure $* failed" >&2; }
# theirs "PEER ..." ARGUMENTS
theirs() { for peer in $1; do if [[ " $peers " == *" $peer "* ]]; then echo "${@:2}" >> "$lines/$peer"; fi; done; }

# Sets x and c: the files of rows×dimension, K.
prepare() {
  local n d
  IFS=: read -r n d k <<< "$1"
  x=$data/normal_${n}x$d.npy c=$data/normal_${n}x${d}_$k.npy
  file "normal_${n}x$d" normal --rows "$n" --dimension "$d" --parallel
  file "normal_${n}x${d}_$k" centers --data "$x" --clusters "$k"
}

shapes=(1048576:128:1024 1048576:128:16384 1048576:64:256 4194304:16:64)
[[ $quick ]] || shapes+=(1048576:768:1024 1048576:1024:4096)
for work in "${works[@]}"; do
  case $work in
    assign)
      for shape in "${shapes[@]}"; do
        prepare "$shape"
        ours assign --data "$x" --centers "$c" --stay --at-once 10
        GPUKMEANS_CUDA_KERNEL=sm80 ours assign --data "$x" --centers "$c" --stay --at-once 10
        theirs "fp32 tf32 triton triton_fp16" assign --data "$x" --centers "$c" --at-once 10
        theirs recipe assign --data "$x" --centers "$c" --repeat 2
      done
      ;;
    lloyd)
      prepare 1048576:128:1024
      ours lloyd --data "$x" --centers "$c" --iterations 20 --repeat 3
      theirs "fp32 tf32 triton triton_fp16" lloyd --data "$x" --centers "$c" --iterations 20 --repeat 3
      for where in --pinned "" --mapped; do
        ours lloyd --data "$x" --centers "$c" --iterations 10 --repeat 3 --stream $where
      done
      ;;
    step)
      prepare 1048576:128:1024
      for batch in 8192 65536; do
        ours step --data "$x" --centers "$c" --batch "$batch"
        for where in --pinned ""; do ours step --data "$x" --centers "$c" --batch "$batch" --stream $where; done
        theirs "fp32 tf32 recipe" step --data "$x" --centers "$c" --batch "$batch" --steps 16
      done
      prepare 1048576:128:100
      ours step --data "$x" --centers "$c" --batch 1024
      for where in --pinned ""; do ours step --data "$x" --centers "$c" --batch 1024 --stream $where; done
      theirs "fp32 tf32 recipe" step --data "$x" --centers "$c" --batch 1024
      ;;
    init)
      prepare 1048576:128:256
      ours init --data "$x" --clusters 256 --all-rows --repeat 3
      theirs "fp32 tf32" init --data "$x" --clusters 256 --all-rows --repeat 2
      ;;
    predict)
      prepare 2097152:128:1024
      for where in --pinned "" --mapped; do ours predict --data "$x" --centers "$c" $where; done
      theirs "fp32 tf32 recipe" predict --data "$x" --centers "$c" --repeat 3
      ;;
    fit)
      n=blobs_1048576x128_1024_p
      file "$n" blobs --rows 1048576 --dimension 128 --clusters 1024 --parallel
      ours fit --data "$data/$n.npy" --clusters 1024 --repeat 3
      $MEASURE fit --data "$data/$n.npy" --clusters 1024 --repeat 3 --device cpu >> "$figures"
      theirs sklearn fit --data "$data/$n.npy" --clusters 1024
      ;;
    start) for _ in 1 2; do ours start; done ;;
    hard)
      for kind in uniform:1048576:64 heavy:1048576:128 heavy:262144:768 outliers:1048576:128; do
        IFS=: read -r kind n d <<< "$kind"
        x=$data/${kind}_${n}x$d.npy c=$data/${kind}_${n}x${d}_1024.npy
        file "${kind}_${n}x$d" "$kind" --rows "$n" --dimension "$d" --parallel
        file "${kind}_${n}x${d}_1024" centers --data "$x" --clusters 1024
        ours assign --data "$x" --centers "$c" --stay --at-once 10
        theirs "tf32 triton" assign --data "$x" --centers "$c" --at-once 10
      done
      prepare 1048576:128:1024
      file "$(basename "$x" .npy)_128_of_each_8" centers --data "$x" --clusters 128 --of-each 8
      c=${x%.npy}_128_of_each_8.npy
      ours assign --data "$x" --centers "$c" --stay --at-once 10
      theirs "tf32 triton" assign --data "$x" --centers "$c" --at-once 10
      ;;
    grid)
      for d in 2 3 16 64 100 128 384 768 1024 1536; do
        for k in 8 100 1024 16384; do
          prepare $((d < 384 ? 1048576 : 262144)):$d:$k
          figures=$grid ours assign --data "$x" --centers "$c" --stay --at-once 10
          lines=$grid_lines theirs triton assign --data "$x" --centers "$c" --at-once 10 --repeat 3
        done
      done
      ;;
  esac
done
$MEASURE bus >> "$figures"

peer() { [[ ! -f $lines/$1 ]] || env "${@:3}" "$python" -W ignore "$here/peers/$2.py" lines < "$lines/$1" >> "$figures"; }
peer fp32 torch_gpu PRODUCTS=fp32
peer tf32 torch_gpu PRODUCTS=tf32
peer recipe torch_gpu PRODUCTS=recipe
peer triton triton_gpu INPUT=fp32
peer triton_fp16 triton_gpu INPUT=fp16
peer sklearn sklearn_peer
figures=$grid lines=$grid_lines peer triton triton_gpu INPUT=fp32
"$python" "$here/peers/table.py" "$figures"
[[ ! -s $grid ]] || "$python" "$here/peers/grid.py" "$grid"
