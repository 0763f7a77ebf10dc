"""PyTorch on the GPU. PRODUCTS names the arithmetic of the products: fp32 or tf32, by addmm on chunks of rows and the least of
each row, with the best chunk found; or recipe, what the Python tool does: cdist and min on batches of 1024 rows.

Rows of `assign`, `lloyd` and `init` are on the GPU before the clock starts; those of `step` and `predict` are on the host, in
pageable memory, and sent batch by batch, as a user's loop over a NumPy array does.
"""

import os

import numpy as np
import torch

import common

PRODUCTS = os.environ.get("PRODUCTS", "fp32")

# Distances that fit the second-level cache are read back from it.
SCORES = 1 << 25
RECIPE_BATCH = 1024


class TorchGpu(common.Peer):
    name = f"PyTorch {torch.__version__} {PRODUCTS}"
    device = f"cuda:0 {torch.cuda.get_device_name()}" if torch.cuda.is_available() else "cuda"

    def __init__(self, threads):
        super().__init__(threads)
        torch.set_grad_enabled(False)
        torch.backends.cuda.matmul.allow_tf32 = PRODUCTS == "tf32"
        torch.backends.cuda.matmul.fp32_precision = "tf32" if PRODUCTS == "tf32" else "ieee"

    def wait(self):
        torch.cuda.synchronize()

    def to_numpy(self, result):
        return result.cpu().numpy() if isinstance(result, torch.Tensor) else result

    def assign(self, data, centers):
        x, c = on_gpu(data), torch.from_numpy(np.ascontiguousarray(centers)).cuda()
        return lambda: nearest(x, c)

    def predict(self, data, centers):
        rows, c = torch.from_numpy(data), torch.from_numpy(np.ascontiguousarray(centers)).cuda()
        part = RECIPE_BATCH if PRODUCTS == "recipe" else 1 << 17
        return lambda: torch.cat([nearest(rows[i : i + part].cuda(), c).cpu() for i in range(0, len(rows), part)])

    def lloyd(self, data, centers, iterations):
        if PRODUCTS == "recipe":
            raise common.Unsupported
        x, start = on_gpu(data), torch.from_numpy(centers).cuda()

        def work():
            current = start.clone()
            for _ in range(iterations):
                current = means(x, nearest(x, current), current)
            return current

        return work

    def step(self, data, centers, batch, steps, seed):
        rows, start = torch.from_numpy(data), torch.from_numpy(centers).cuda()
        batches = [torch.from_numpy(index) for index in common.batches(len(data), batch, steps, seed)]

        def work():
            current, totals = start.clone(), torch.zeros(len(start), device="cuda")
            for index in batches:
                x = rows[index].cuda()
                labels = nearest(x, current)
                counts = torch.bincount(labels, minlength=len(current)).float()
                totals += counts
                sums = torch.zeros_like(current).index_add_(0, labels, x)
                current += (sums - counts[:, None] * current) / totals.clamp(min=1)[:, None]
            return current

        return work

    def init(self, data, clusters, rows, seed):
        if PRODUCTS == "recipe":
            raise common.Unsupported
        x = on_gpu(data)

        def work():
            generator = torch.Generator("cuda").manual_seed(seed)
            some = x if rows is None else x[torch.randint(len(x), (rows,), generator=generator, device="cuda")]
            return plus_plus(some, clusters, generator)

        return work


_kept = (None, None)


def on_gpu(data):
    """The rows on the GPU, kept for the next work on the same."""
    global _kept
    if _kept[0] is not data:
        _kept = (None, None)
        _kept = (data, torch.from_numpy(data).cuda())
    return _kept[1]


def nearest(x, centers):
    if PRODUCTS == "recipe":
        return torch.cat([torch.cdist(x[i : i + RECIPE_BATCH], centers).min(1)[1] for i in range(0, len(x), RECIPE_BATCH)])
    norms, transposed = (centers * centers).sum(1), centers.T
    labels = torch.empty(len(x), dtype=torch.int64, device="cuda")
    chunk = max(1024, SCORES // len(centers))
    for start in range(0, len(x), chunk):
        rows = slice(start, start + chunk)
        torch.argmin(torch.addmm(norms, x[rows], transposed, alpha=-2), 1, out=labels[rows])
    return labels


def means(x, labels, before):
    sums = torch.zeros_like(before).index_add_(0, labels, x)
    counts = torch.bincount(labels, minlength=len(before))
    return torch.where((counts > 0)[:, None], sums / counts.clamp(min=1)[:, None], before)


def plus_plus(x, clusters, generator):
    """Greedy k-means++, 2 + ln K trials a step, as scikit-learn does it, with no wait for the host."""
    trials = 2 + int(np.log(clusters))
    norms = (x * x).sum(1)
    centers = torch.empty(clusters, x.shape[1], device="cuda")
    first = torch.randint(len(x), (1,), generator=generator, device="cuda")
    centers[0] = x[first[0]]
    closest = torch.addmv(norms + norms[first], x, x[first[0]], alpha=-2).clamp_(min=0)
    for cluster in range(1, clusters):
        running = closest.double().cumsum(0)
        draws = torch.rand(trials, generator=generator, dtype=torch.float64, device="cuda") * running[-1]
        candidates = torch.searchsorted(running, draws).clamp_(max=len(x) - 1)
        distances = torch.addmm(norms[None, :], x[candidates], x.T, alpha=-2)
        distances += norms[candidates, None]
        torch.minimum(distances.clamp_(min=0), closest, out=distances)
        best = distances.sum(1).argmin()
        closest = distances[best]
        centers[cluster] = x[candidates[best]]
    return centers


if __name__ == "__main__":
    common.main(TorchGpu)
