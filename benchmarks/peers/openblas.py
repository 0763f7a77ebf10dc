"""Prints the name of the OpenBLAS kernels that are fastest here, for OPENBLAS_CORETYPE, or nothing where its own choice is.

OpenBLAS chooses by the processor's name, and takes kernels without AVX for one that is younger than it is. Fails where NumPy has the
plain library that Debian installs beside it: peers that run on that are not worth measuring.
"""

import os
import subprocess
import sys

KERNELS = ["", "SKYLAKEX", "COOPERLAKE", "SAPPHIRERAPIDS", "ZEN", "HASWELL"]

MEASURE = """
import time
import numpy as np
rows, centers = np.random.rand(4096, 128).astype("f4"), np.random.rand(128, 1000).astype("f4")
rows @ centers
if "/blas/libblas.so" in open("/proc/self/maps").read():
    raise SystemExit("NumPy has the plain BLAS, not OpenBLAS")
seconds = []
for _ in range(20):
    start = time.perf_counter()
    rows @ centers
    seconds.append(time.perf_counter() - start)
print(2 * rows.size * 1000 / min(seconds) / 1e9)
"""


def gflops(kernel):
    environment = {key: value for key, value in os.environ.items() if key != "OPENBLAS_CORETYPE"}
    if kernel:
        environment["OPENBLAS_CORETYPE"] = kernel
    result = subprocess.run([sys.executable, "-c", MEASURE], env=environment, capture_output=True, text=True, check=False)
    if not kernel and result.returncode != 0:
        raise SystemExit(f"openblas.py: {result.stderr.strip()}; without it the peers are some fifty times as slow: apt-get install libopenblas0-openmp")
    return float(result.stdout) if result.returncode == 0 else 0.0


def main():
    measured = {kernel: gflops(kernel) for kernel in KERNELS}
    best = max(measured, key=measured.get)
    # Its own choice where another gains next to nothing.
    best = "" if measured[best] < 1.05 * measured[""] else best
    print("OpenBLAS, GFLOP/s: " + ", ".join(f"{k or 'its own choice'} {v:.0f}" for k, v in measured.items()), file=sys.stderr)
    print(best)


main()
