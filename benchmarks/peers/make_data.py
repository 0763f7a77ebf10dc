"""Writes the files to measure on: seeded, so that everyone has the same ones.

    make_data.py blobs|normal|uniform|heavy|outliers --rows N --dimension D --out X.npy [--clusters K --centers C.npy] [--seed S]
    make_data.py centers --data X.npy --clusters K --out C.npy [--seed S] [--of-each E]

blobs: K Gaussian clouds with spread 1 about centres uniform in [-10, 10]^D. normal: one cloud of spread 1. uniform: [0, 1)^D. heavy: rows whose values
have Student's t distribution with 3 degrees of freedom about one of 200 directions, scaled to unit length, as embeddings
of texts and images are. outliers: normal, but one row in 1000 a thousand times as long. centers: distinct random rows of a
file, the centres that `assign` and `lloyd` begin with, each E times (1 unless told). The
embeddings of place names are written by the sample: samples/PlaceNames --embeddings X.npy.
"""

import argparse
import concurrent.futures

import numpy as np

BLOCK = 65536


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("kind", choices=["blobs", "normal", "uniform", "heavy", "outliers", "centers"])
    parser.add_argument("--rows", type=int)
    parser.add_argument("--dimension", type=int)
    parser.add_argument("--clusters", type=int, default=100)
    parser.add_argument("--data")
    parser.add_argument("--out", required=True)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--of-each", type=int, default=1)
    parser.add_argument("--parallel", action="store_true", help="blocks from seeds of their own, on all cores: other values")
    args = parser.parse_args()
    random = np.random.default_rng(args.seed)
    if args.kind == "centers":
        data = np.load(args.data, mmap_mode="r")
        rows = np.sort(random.choice(len(data), args.clusters, replace=False))
        np.save(args.out, np.tile(data[rows], (args.of_each, 1)))
        return

    make = {"blobs": blobs, "normal": normal, "uniform": uniform, "heavy": heavy, "outliers": outliers}[args.kind](random, args)
    # By blocks, so that a file may be larger than memory.
    out = np.lib.format.open_memmap(args.out, "w+", np.float32, (args.rows, args.dimension))
    starts = range(0, args.rows, BLOCK)

    def fill(start, random):
        part = out[start : start + BLOCK]
        part[:] = make(len(part), random)

    if args.parallel:
        with concurrent.futures.ThreadPoolExecutor() as pool:
            seeds = np.random.SeedSequence(args.seed).spawn(len(starts))
            list(pool.map(fill, starts, map(np.random.default_rng, seeds)))
    else:
        for start in starts:
            fill(start, random)
    out.flush()


def normal(_, args):
    return lambda count, random: random.standard_normal((count, args.dimension), np.float32)


def outliers(_, args):
    def make(count, random):
        rows = random.standard_normal((count, args.dimension), np.float32)
        rows[random.random(count) < 0.001] *= 1000
        return rows

    return make


def blobs(random, args):
    centers = random.uniform(-10, 10, (args.clusters, args.dimension)).astype(np.float32)

    def make(count, random):
        labels = random.integers(args.clusters, size=count)
        return centers[labels] + random.standard_normal((count, args.dimension), np.float32)

    return make


def uniform(_, args):
    return lambda count, random: random.random((count, args.dimension), np.float32)


def heavy(random, args):
    directions = random.standard_t(3, (200, args.dimension)).astype(np.float32)

    def make(count, random):
        rows = random.standard_t(3, (count, args.dimension)).astype(np.float32)
        rows += directions[random.integers(len(directions), size=count)]
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)

    return make


main()
