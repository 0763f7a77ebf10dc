#!/usr/bin/env bash
# build.sh PROGRAM: compiles the kernels for a processor, with the tests of them.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
kernels=../../src/GpuKMeans/Engines/Cuda/Kernels

# emulated/ comes first: it has headers in the place of two of the kernels'. Contraction is off as in the kernels' own build.
"${CXX:-clang++-19}" -std=c++20 -O2 -march=x86-64-v3 -mf16c -ffp-contract=off -fno-strict-aliasing -Wall -Wextra -Werror -Wno-unused-function \
  -Wno-unknown-attributes -I emulated -I "$kernels" kernels.cpp -o "$1"
