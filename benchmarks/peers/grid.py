"""Prints the figures of compare_gpu.sh's grid: a row for each D, a column for each K; milliseconds of GpuKMeans, and how many
times as long the peer takes.

    grid.py figures.jsonl
"""

import json
import sys


def main():
    with open(sys.argv[1], encoding="utf-8") as lines:
        records = [json.loads(line) for line in lines]
    seconds = {(r["engine"].startswith("GpuKMeans"), r["dimension"], r["clusters"]): r["seconds"] for r in records}
    rows = {r["dimension"]: r["rows"] for r in records}
    clusters = sorted({r["clusters"] for r in records})
    print(f"\n### assign, milliseconds ({', '.join(sorted({r['engine'] for r in records}))})\n")
    print("| D (rows) |", " | ".join(f"K = {k}" for k in clusters), "|")
    print("|---|" + "--:|" * len(clusters))
    for d in sorted(rows):
        print(f"| {d} ({rows[d]:,}) |", " | ".join(cell(seconds, d, k) for k in clusters), "|")


def cell(seconds, d, k):
    ours, peer = seconds.get((True, d, k)), seconds.get((False, d, k))
    return (f"{ours * 1e3:.3g}" if ours else "–") + (f" ({peer / ours:.2f}×)" if ours and peer else "")


main()
