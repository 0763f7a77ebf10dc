#!/usr/bin/env bash
# Times mini-batch steps on tensors of TorchSharp, and in the same run those of PyTorch: what the Python tool does, and the tensor
# program of TorchEngine, operation for operation. One JSON object a line, which artifacts/benchmarks/torchsharp.jsonl keeps.
#
#   benchmarks/compare_torchsharp.sh [cpu | cuda]
#
# MEASURE names a GpuKMeans.Measure.TorchSharp that is built already, where there is no .NET SDK; LIBTORCH a folder with the libtorch
# to run on, where it is not that of the package (a PyTorch's own: .../site-packages/torch/lib); PYTHON the Python that has torch.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
device=${1:-cpu}
python=${PYTHON:-/usr/bin/python3}
out=$(dirname "$here")/artifacts/benchmarks
mkdir -p "$out"
unset OPENBLAS_CORETYPE OPENBLAS_L2_SIZE

if [[ -n ${MEASURE:-} ]]; then
  ours=("$MEASURE")
else
  dotnet build "$here/GpuKMeans.Measure.TorchSharp" -c Release -nologo -v quiet -clp:NoSummary -p:WithTorchSharp=true >&2
  ours=(dotnet "$here/GpuKMeans.Measure.TorchSharp/bin/Release/net10.0/GpuKMeans.Measure.TorchSharp.dll")
fi

# rows columns clusters batch
shapes=("1048576 128 100 1024")
[[ $device == cpu ]] || shapes+=("1048576 128 1024 8192")
for shape in "${shapes[@]}"; do
  # shellcheck disable=SC2086
  LD_LIBRARY_PATH=${LIBTORCH:-}${LIBTORCH:+:}${LD_LIBRARY_PATH:-} "${ours[@]}" "$device" $shape
  # shellcheck disable=SC2086
  "$python" "$here/peers/torch_steps.py" "$device" $shape
done | tee "$out/torchsharp.jsonl"
