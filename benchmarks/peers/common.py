"""What the peers share: the commands, the clock, the figures and how they are printed.

Each peer is a class with the methods of `Peer`; the work is timed here, so that all are timed alike. One JSON object is
printed a line, with the same names as GpuKMeans.Measure prints. Not counted: imports, reading of files, and the inertia
over all rows, which is computed here in float64 from direct differences for every peer.
"""

import argparse
import concurrent.futures
import functools
import json
import os
import platform
import resource
import statistics
import sys
import time
import zlib

import numpy as np


class Unsupported(Exception):
    """The peer has no such operation."""


class Peer:
    """An operation is split into what is done once (untimed: the return of a function) and what is timed (its call)."""

    name = "peer"
    device = "cpu"

    def __init__(self, threads):
        self.threads = threads

    def wait(self):
        """Waits for work that was only queued, before the clock is read."""

    def to_numpy(self, result):
        """Brings a result to where inertia is computed; not timed."""
        return result

    def assign(self, data, centers):
        """A function of nothing that gives the labels of all rows."""
        raise Unsupported

    def predict(self, data, centers):
        """As `assign`, from rows on the host to labels on the host, for peers that assign elsewhere."""
        raise Unsupported

    def lloyd(self, data, centers, iterations):
        """A function of nothing that runs so many assignments and updates and gives the centres."""
        raise Unsupported

    def step(self, data, centers, batch, steps, seed):
        """A function of nothing that runs so many mini-batch steps on shuffled rows and gives the centres."""
        raise Unsupported

    def init(self, data, clusters, rows, seed):
        """A function of nothing that runs greedy k-means++ on so many rows (None: all) and gives the centres."""
        raise Unsupported

    def fit(self, data, clusters, batch, seed):
        """A function of nothing that initialises, trains and labels; gives labels, centres and the iterations."""
        raise Unsupported


def main(peer_type):
    """Runs the command of the arguments; or, where they are "lines", one a line of standard input in one process, so
    that a GPU need not be started for each."""
    if sys.argv[1:] != ["lines"]:
        run(peer_type, parse(sys.argv[1:]))
        return
    for line in sys.stdin:
        if line.strip():
            try:
                run(peer_type, parse(line.split()))
            except RuntimeError as error:
                # Out of memory in one work is no reason to leave out the others.
                print(f"{peer_type.name}: {line.strip()}: {error}", file=sys.stderr, flush=True)


def run(peer_type, args):
    peer = peer_type(args.threads)
    data = load(args.data)
    centers = np.load(args.centers) if getattr(args, "centers", None) else None
    record = {
        "command": args.command,
        "engine": peer.name,
        "device": peer.device,
        "threads": args.threads,
        "data": os.path.basename(args.data),
        "rows": data.shape[0],
        "dimension": data.shape[1],
    }
    try:
        record |= COMMANDS[args.command](peer, args, data, centers)
    except Unsupported:
        record["unsupported"] = True
    record["peak_rss_mb"] = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
    record["machine"] = machine()
    print(json.dumps(record), flush=True)


@functools.lru_cache(maxsize=1)
def load(path):
    return np.load(path)


def run_predict(peer, args, data, centers):
    return run_assign(peer, args, data, centers, peer.predict)


def run_assign(peer, args, data, centers, operation=None):
    work = (operation or peer.assign)(data, centers)
    seconds, labels = timed(peer, work, args.repeat, at_once=args.at_once)
    labels = peer.to_numpy(labels).astype(np.int32)
    if args.labels:
        np.save(args.labels, labels)
    flops = 2.0 * data.shape[0] * centers.shape[0] * data.shape[1]
    return {
        "clusters": centers.shape[0],
        "seconds": statistics.median(seconds),
        "seconds_all": seconds,
        "gflops": flops / statistics.median(seconds) / 1e9,
        "inertia": inertia(data, centers, labels),
        "labels_crc32": f"{zlib.crc32(labels.tobytes()):08x}",
    }


def run_lloyd(peer, args, data, centers):
    work = peer.lloyd(data, centers, args.iterations)
    seconds, result = timed(peer, work, args.repeat)
    return {
        "clusters": centers.shape[0],
        "seconds": statistics.median(seconds),
        "seconds_all": seconds,
        "iterations": args.iterations,
        "seconds_per_iteration": statistics.median(seconds) / args.iterations,
        "inertia": nearest_inertia(peer, data, peer.to_numpy(result)),
    }


def run_step(peer, args, data, centers):
    work = peer.step(data, centers, args.batch, args.steps, args.seed)
    seconds, result = timed(peer, work, args.repeat)
    return {
        "clusters": centers.shape[0],
        "batch": args.batch,
        "steps": args.steps,
        "seconds": statistics.median(seconds),
        "seconds_all": seconds,
        "seconds_per_step": statistics.median(seconds) / args.steps,
        "inertia": nearest_inertia(peer, data, peer.to_numpy(result)),
    }


def run_init(peer, args, data, _):
    rows = None if args.all_rows else sample_size(data.shape[0], args.clusters)
    work = peer.init(data, args.clusters, rows, args.seed)
    seconds, result = timed(peer, work, args.repeat)
    return {
        "clusters": args.clusters,
        "all_rows": args.all_rows,
        "seed": args.seed,
        "seconds": statistics.median(seconds),
        "seconds_all": seconds,
        "inertia": nearest_inertia(peer, data, peer.to_numpy(result)),
    }


def run_fit(peer, args, data, _):
    # Warmed up on the first rows: a fit is long, and what it starts with (threads, tables) is not counted.
    first = data[: 4 * max(args.clusters, args.batch)]
    timed(peer, peer.fit(first, args.clusters, args.batch, args.seed), 1)
    work = peer.fit(data, args.clusters, args.batch, args.seed)
    seconds, (labels, centers, iterations) = timed(peer, work, args.repeat, warm_up=False)
    return {
        "clusters": args.clusters,
        "batch": args.batch,
        "seed": args.seed,
        "seconds": statistics.median(seconds),
        "seconds_all": seconds,
        "iterations": iterations,
        "inertia": inertia(data, centers, labels),
    }


COMMANDS = {"assign": run_assign, "predict": run_predict, "lloyd": run_lloyd, "step": run_step, "init": run_init, "fit": run_fit}


def parse(arguments):
    parser = argparse.ArgumentParser()
    commands = parser.add_subparsers(dest="command", required=True)

    def command(name, centers, repeat):
        sub = commands.add_parser(name)
        sub.add_argument("--data", required=True, help="rows, a .npy file of float32")
        if centers:
            sub.add_argument("--centers", required=True, help="centres, a .npy file of float32")
        else:
            sub.add_argument("--clusters", type=int, required=True)
        sub.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
        sub.add_argument("--repeat", type=int, default=repeat)
        sub.add_argument("--seed", type=int, default=0)
        sub.add_argument("--at-once", type=int, default=1, help="how often between two looks at the clock")
        return sub

    command("assign", True, 5).add_argument("--labels", help="where to write the labels, a .npy file of int32")
    command("predict", True, 5).add_argument("--labels", help="where to write the labels, a .npy file of int32")
    command("lloyd", True, 1).add_argument("--iterations", type=int, default=10)
    step = command("step", True, 3)
    step.add_argument("--batch", type=int, default=1024)
    step.add_argument("--steps", type=int, default=100)
    command("init", False, 1).add_argument("--all-rows", action="store_true")
    command("fit", False, 1).add_argument("--batch", type=int, default=1024)
    return parser.parse_args(arguments)


def timed(peer, work, repeat, warm_up=True, at_once=1):
    """Seconds of each run, and the result of the last."""
    start = time.perf_counter()
    while warm_up and time.perf_counter() - start < WARM_UP_SECONDS:
        work()
        peer.wait()
    seconds = []
    for _ in range(repeat):
        start = time.perf_counter()
        for _ in range(at_once):
            result = work()
        peer.wait()
        seconds.append((time.perf_counter() - start) / at_once)
    return seconds, result


def inertia(data, centers, labels):
    """The sum of squared distances, from direct differences, in float64."""
    centers = centers.astype(np.float64)

    def of(start):
        rows = slice(start, start + CHUNK)
        difference = data[rows] - centers[labels[rows]]
        return float(np.einsum("nd,nd->", difference, difference))

    with concurrent.futures.ThreadPoolExecutor() as pool:
        return sum(pool.map(of, range(0, len(data), CHUNK)))


def nearest_inertia(peer, data, centers):
    return inertia(data, centers, peer.to_numpy(peer.assign(data, centers)()))


def sample_size(rows, clusters):
    """What scikit-learn's MiniBatchKMeans takes with its default batch: three batches of 1024, or three rows a cluster."""
    return min(rows, max(3 * 1024, 3 * clusters))


def batches(count, batch, steps, seed):
    """The rows of each step: one shuffled order after another."""
    random = np.random.default_rng(seed)
    order, at, result = random.permutation(count), 0, []
    for _ in range(steps):
        if at + batch > count:
            order, at = random.permutation(count), 0
        result.append(order[at : at + batch])
        at += batch
    return result


def machine():
    model = platform.processor()
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as info:
            model = next(line.split(":")[1].strip() for line in info if line.startswith("model name"))
    except (OSError, StopIteration):
        pass
    return f"{model}, {os.cpu_count()} logical cores, {platform.system()} {platform.machine()}, Python {sys.version.split()[0]}"


CHUNK = 16384

# GpuKMeans.Measure repeats the work for as long before it is timed, unless the same variable says otherwise.
WARM_UP_SECONDS = float(os.environ.get("WARM_UP_SECONDS", "3"))
