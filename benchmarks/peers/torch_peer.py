"""PyTorch on the CPU, the way a careful user would write it: products by addmm on chunks of rows, then the least of each row.

It has no k-means of its own, so there is no `fit`.
"""

import numpy as np
import torch

import common

# Rows a product, so that the distances stay in cache. The best of 512 to 65536 on the shapes of compare.sh; and min with
# its index is faster than argmin.
CHUNK = 2048


class Torch(common.Peer):
    name = f"PyTorch {torch.__version__}"

    def __init__(self, threads):
        super().__init__(threads)
        torch.set_num_threads(threads)
        torch.set_grad_enabled(False)

    def assign(self, data, centers):
        data, centers = torch.from_numpy(data), torch.from_numpy(np.ascontiguousarray(centers))
        return lambda: nearest(data, centers).numpy()

    def lloyd(self, data, centers, iterations):
        data, start = torch.from_numpy(data), torch.from_numpy(centers)

        def work():
            current = start.clone()
            for _ in range(iterations):
                labels = nearest(data, current)
                sums = torch.zeros_like(current).index_add_(0, labels, data)
                counts = torch.bincount(labels, minlength=len(current))
                filled = counts > 0
                current[filled] = sums[filled] / counts[filled, None]
            return current.numpy()

        return work

    def step(self, data, centers, batch, steps, seed):
        data, start = torch.from_numpy(data), torch.from_numpy(centers)
        rows = [torch.from_numpy(index) for index in common.batches(len(data), batch, steps, seed)]

        def work():
            current, totals = start.clone(), torch.zeros(len(start))
            for index in rows:
                x = data[index]
                labels = nearest(x, current)
                counts = torch.bincount(labels, minlength=len(current)).float()
                totals += counts
                sums = torch.zeros_like(current).index_add_(0, labels, x)
                # The running mean: c + (sum - n c) / N.
                current += (sums - counts[:, None] * current) / totals.clamp(min=1)[:, None]
            return current.numpy()

        return work

    def init(self, data, clusters, rows, seed):
        data = torch.from_numpy(data)

        def work():
            generator = torch.Generator().manual_seed(seed)
            x = data if rows is None else data[torch.randint(len(data), (rows,), generator=generator)]
            return plus_plus(x, clusters, generator).numpy()

        return work


def nearest(x, centers):
    norms, transposed = (centers * centers).sum(1), centers.T
    labels = torch.empty(len(x), dtype=torch.int64)
    for start in range(0, len(x), CHUNK):
        rows = slice(start, start + CHUNK)
        labels[rows] = torch.addmm(norms, x[rows], transposed, alpha=-2).min(1)[1]
    return labels


def plus_plus(x, clusters, generator):
    """Greedy k-means++, 2 + ln K trials a step, as scikit-learn does it."""
    trials = 2 + int(np.log(clusters))
    norms = (x * x).sum(1)
    centers = torch.empty(clusters, x.shape[1])
    first = torch.randint(len(x), (1,), generator=generator)
    centers[0] = x[first]
    closest = torch.addmv(norms + norms[first], x, x[first[0]], alpha=-2).clamp_(min=0)
    for cluster in range(1, clusters):
        running = closest.double().cumsum(0)
        draws = torch.rand(trials, generator=generator, dtype=torch.float64) * running[-1]
        candidates = torch.searchsorted(running, draws).clamp_(max=len(x) - 1)
        # Candidates by rows, so that the minimum and the sums run along memory.
        distances = torch.addmm(norms[None, :], x[candidates], x.T, alpha=-2)
        distances += norms[candidates, None]
        torch.minimum(distances.clamp_(min=0), closest, out=distances)
        best = distances.sum(1).argmin()
        closest = distances[best]
        centers[cluster] = x[candidates[best]]
    return centers


common.main(Torch)
