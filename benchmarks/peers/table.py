"""Prints the figures of compare.sh as tables in Markdown: medians over the rounds, and how many times faster we are.

    table.py figures.jsonl
"""

import json
import statistics
import sys
from collections import defaultdict

OURS = "GpuKMeans"


def main():
    with open(sys.argv[1], encoding="utf-8") as lines:
        records = [json.loads(line) for line in lines]
    peaks = [r["gflops"] for r in records if r["command"] == "peak"]
    peak = None
    for record in records:
        # Clocks drift: the share is that of the peak measured just before.
        peak = record["gflops"] if record["command"] == "peak" else peak
        record["peak"] = peak
    for bus in (r for r in records if r["command"] == "bus"):
        print(f"Copies, GB/s: to the GPU from pinned memory {bus['pinned_gb_s']:.1f}, from pageable {bus['pageable_gb_s']:.1f}; "
              f"on the GPU, read and written, {bus['on_gpu_gb_s']:.0f} ({bus['engine_detail']}).")
    for start in (r for r in records if r["command"] == "start"):
        print(f"From the start of a process to its first labels on {start['device']}: {start['seconds']:.2f} s.")
    records = [r for r in records if r["command"] not in ("bus", "start")]
    tables = defaultdict(lambda: defaultdict(lambda: defaultdict(list)))
    for record in records:
        if record["command"] != "peak" and not record.get("unsupported"):
            tables[record["command"]][work(record)][record["engine"]].append(record)

    if peaks:
        print(f"Peak of float32 multiply-adds, measured beside: {statistics.median(peaks):.0f} GFLOP/s "
              f"({min(peaks):.0f} to {max(peaks):.0f}).")
    for machine in sorted({r["machine"] for r in records}):
        print(f"Machine: {machine}.")
    for command, works in tables.items():
        print(f"\n### {command}\n")
        print("| work | engine | seconds | against GpuKMeans | GFLOP/s | of peak | inertia | peak memory |")
        print("|---|---|--:|--:|--:|--:|--:|--:|")
        for name, engines in works.items():
            ours = next((median(r) for e, r in engines.items() if e.startswith(OURS)), None)
            for engine, runs in engines.items():
                print("|", " | ".join(cells(name, engine, runs, ours)), "|")


def work(record):
    parts = [record["data"].removesuffix(".npy"), f"K = {record['clusters']}"]
    if record["device"].startswith("cuda") and record["command"] in ("assign", "predict", "lloyd", "step"):
        # Peers on a GPU take steps and predictions from the host's memory.
        parts.append("rows in " + record.get("rows_in", "pageable" if record["command"] in ("predict", "step") else "gpu"))
    parts += [f"{key} {record[key]}" for key in ("batch", "iterations") if key in record and record["command"] != "fit"]
    return ", ".join(parts)


def cells(name, engine, runs, ours):
    seconds = median(runs)
    gflops = [r["gflops"] for r in runs if "gflops" in r]
    rate = statistics.median(gflops) if gflops else None
    return [
        name,
        engine,
        f"{seconds:.4g}",
        "" if ours is None else f"{seconds / ours:.2f}",
        f"{rate:.0f}" if rate else "",
        f"{statistics.median(r['gflops'] / r['peak'] for r in runs):.0%}" if rate and runs[0]["peak"] else "",
        f"{statistics.median(r['inertia'] for r in runs):.6g}",
        f"{statistics.median(r['peak_rss_mb'] for r in runs):.0f} MB",
    ]


def median(runs):
    # On a GPU steps and iterations are told apart: engines that wait once for many take more of them.
    per = {"step": "seconds_per_step", "lloyd": "seconds_per_iteration"}.get(runs[0]["command"], "seconds")
    return statistics.median(r[per if r["device"].startswith("cuda") else "seconds"] for r in runs)


main()
