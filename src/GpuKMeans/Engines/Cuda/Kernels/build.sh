#!/usr/bin/env bash
# Compiles the kernels to PTX with clang, which needs no NVIDIA software for it. The PTX is committed and goes into the
# assembly; the driver turns it into machine code for the GPU it finds.
#
#   build.sh           rebuilds the .ptx files
#   build.sh --check   says whether they are what the sources give; exit code 1 if not
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

clang=${CLANG:-clang-19}
out=.
if [[ ${1:-} == --check ]]; then
  out=$(mktemp -d)
  trap 'rm -rf "$out"' EXIT
fi

# compile SOURCE NAME ARCH PTX
stale=0
compile() {
  local source=$1 name=$2 arch=$3 ptx=$4
  # Contraction is off so that a product and a sum are two roundings where they are written as two.
  "$clang" -x cuda --cuda-device-only -nocudainc -nocudalib --cuda-gpu-arch="$arch" -Xclang -target-feature -Xclang "+$ptx" \
    -I . -O3 -ffp-contract=off -std=c++20 -Wall -Wextra -Werror -Wno-unused-function -S -o "$out/$name.ptx" "$source"
  if [[ $out != . ]] && ! cmp -s "$out/$name.ptx" "$name.ptx"; then
    echo "$name.ptx is not what $source gives: run build.sh" >&2
    stale=1
  fi
}

for source in *.cu; do
  name=${source%.cu}
  case $name in
    *_sm90a) compile "$source" "$name" sm_90a ptx80 ;;
    # Of what a step or an iteration consists of, also for GPUs where a kernel may come while another ends: kernel_begins.
    assign_few_? | assign_few_?? | assign_few_??? | candidates | centers | rounding | rows | settle | settle_batch | seeding | sort | step | sums | totals)
      compile "$source" "$name" sm_80 ptx70
      compile "$source" "${name}_sm90" sm_90 ptx78
      ;;
    assign_wide) compile "$source" "$name" sm_80 ptx74 ;;        # for load4_once
    assign_held_* | assign_ring_*) compile "$source" "$name" sm_80 ptx74 ;;     # for barriers whose phases have parities
    *) compile "$source" "$name" sm_80 ptx70 ;;
  esac
done
exit $stale
