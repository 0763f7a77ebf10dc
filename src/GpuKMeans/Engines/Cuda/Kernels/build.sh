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

stale=0
for source in *.cu; do
  name=${source%.cu}
  arch=sm_80 ptx=ptx70
  if [[ $name == *_sm90a ]]; then
    arch=sm_90a ptx=ptx80
  fi
  # Contraction is off so that a product and a sum are two roundings where they are written as two.
  "$clang" -x cuda --cuda-device-only -nocudainc -nocudalib --cuda-gpu-arch="$arch" -Xclang -target-feature -Xclang "+$ptx" \
    -O3 -ffp-contract=off -std=c++20 -Wall -Wextra -Werror -Wno-unused-function -S -o "$out/$name.ptx" "$source"
  if [[ $out != . ]] && ! cmp -s "$out/$name.ptx" "$name.ptx"; then
    echo "$name.ptx is not what $source gives: run build.sh" >&2
    stale=1
  fi
done
exit $stale
