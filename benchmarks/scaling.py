#!/usr/bin/env python3
"""Measures how the time of an assignment grows with rows, clusters, columns and threads, and shows it.

    scaling.py [rows] [clusters] [columns] [threads]
    scaling.py show

Runs GpuKMeans.Measure (build it first, -c Release) on uniform noise, in which no product can be passed over, with the peak of
multiply-adds measured beside. Figures are kept in artifacts/benchmarks/scaling.jsonl, a series replaced when it is measured
again; prints tables in Markdown and writes benchmarks/scaling.svg. Needs NumPy.
"""

import json
import os
import statistics
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
OUT = HERE.parent / "artifacts" / "benchmarks"
MEASURE = HERE / "GpuKMeans.Measure" / "bin" / "Release" / "net10.0" / "GpuKMeans.Measure.dll"
THREADS = os.cpu_count()

# Series: (rows, columns, clusters, threads), one of which varies.
SERIES = {
    "rows": [(n, 64, 256, THREADS) for n in (100, 1000, 10_000, 100_000, 1_000_000)],
    "clusters": [(100_000, 64, k, THREADS) for k in (2, 8, 32, 128, 512, 2048)],
    "columns": [(100_000, d, 256, THREADS) for d in (1, 2, 4, 8, 16, 64, 256, 1024)],
    "threads": [(100_000, 128, 512, t) for t in range(1, THREADS + 1)],
}
PLACE = {"rows": 0, "columns": 1, "clusters": 2, "threads": 3}


def measure(*args):
    line = subprocess.run(["dotnet", MEASURE, *map(str, args)], check=True, capture_output=True, text=True).stdout
    return json.loads(line)


def make(kind, name, *args):
    path = OUT / "data" / f"{name}.npy"
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        maker = [sys.executable, HERE / "peers" / "make_data.py", kind, *map(str, args), "--out", path]
        subprocess.run(maker, check=True)
    return path


def run(series):
    peaks = {}
    for n, d, k, threads in SERIES[series]:
        data = make("uniform", f"uniform_{n}x{d}", "--rows", n, "--dimension", d)
        centers = make("uniform", f"uniform_{k}x{d}_as_centers", "--rows", k, "--dimension", d, "--seed", 1)
        if threads not in peaks:
            peaks[threads] = measure("peak", "--threads", threads, "--repeat", 2)["gflops"]
        figures = measure("assign", "--data", data, "--centers", centers, "--threads", threads)
        yield {"series": series, "rows": n, "columns": d, "clusters": k, "threads": threads,
               "seconds": figures["seconds"], "gflops": figures["gflops"], "peak": peaks[threads]}


def table(series, records):
    others = [name for name in PLACE if name != series]
    fixed = ", ".join(f"{records[0][name]:,} {name}" for name in others)
    print(f"\nAgainst {series} ({fixed}):\n")
    print(f"| {series} | milliseconds | ns a row | GFLOP/s | of peak |")
    print("|--:|--:|--:|--:|--:|")
    for r in records:
        print(f"| {r[series]:,} | {r['seconds'] * 1e3:.4g} | {r['seconds'] * 1e9 / r['rows']:.4g} "
              f"| {r['gflops']:.0f} | {r['gflops'] / r['peak']:.0%} |")


def chart(all_records):
    """One small panel a series: the share of the peak, bars side by side."""
    panels = [(name, [r for r in all_records if r["series"] == name]) for name in SERIES]
    panels = [(name, records) for name, records in panels if records]
    width, height, left, top, bar, gap = 0, 230, 34, 34, 24, 8
    body = []
    for name, records in panels:
        start = width + left
        body.append(f'<text x="{start}" y="18" font-weight="bold">{name}</text>')
        for share in (0, 0.5, 1):
            y = top + (1 - share) * 150
            end = start + len(records) * (bar + gap)
            body.append(f'<line x1="{start}" x2="{end}" y1="{y}" y2="{y}" stroke="#bbb"/>')
            body.append(f'<text x="{start - 4}" y="{y + 4}" text-anchor="end">{share:.0%}</text>')
        for i, r in enumerate(records):
            share = min(1, r["gflops"] / r["peak"])
            x, tall = start + gap / 2 + i * (bar + gap), 150 * share
            body.append(f'<rect x="{x}" y="{top + 150 - tall:.1f}" width="{bar}" height="{tall:.1f}" fill="#3b78b5"/>')
            body.append(f'<text x="{x + bar / 2}" y="{top + 166}" text-anchor="middle">{short(r[name])}</text>')
        width = start + len(records) * (bar + gap) + 16
    svg = (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="11">'
           f'<rect width="{width}" height="{height}" fill="white"/>' + "".join(body) +
           f'<text x="{left}" y="{height - 8}">assign, uniform noise: share of the peak of float32 multiply-adds</text></svg>\n')
    (HERE / "scaling.svg").write_text(svg, encoding="utf-8")


def short(number):
    return f"{number // 1_000_000}M" if number >= 1_000_000 else f"{number // 1000}k" if number >= 1000 else str(number)


def main():
    wanted = [] if sys.argv[1:] == ["show"] else sys.argv[1:] or list(SERIES)
    store = OUT / "scaling.jsonl"
    records = [json.loads(line) for line in store.read_text().splitlines()] if store.exists() else []
    for series in wanted:
        records = [r for r in records if r["series"] != series] + list(run(series))
        store.write_text("".join(json.dumps(r) + "\n" for r in records))

    # One peak for each number of threads: a moment in which the machine is not all ours must not raise the shares.
    for r in records:
        r["peak"] = statistics.median(other["peak"] for other in records if other["threads"] == r["threads"])
    for series in SERIES:
        if found := [r for r in records if r["series"] == series]:
            table(series, found)
    chart(records)


main()
