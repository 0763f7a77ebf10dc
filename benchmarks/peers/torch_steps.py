"""Mini-batch steps in PyTorch, to set beside GpuKMeans.Measure.TorchSharp: `recipe`, what the Python tool does on its device
(cdist, min, a loop over clusters); and `program`, the tensor program of TorchEngine, operation for operation.
Arguments: device rows columns clusters batch. One JSON object a line."""

import json
import statistics
import sys
import time

import torch

STEPS_AT_ONCE, CALLS, REPEATS = 8, 100, 7


def main():
    torch.set_grad_enabled(False)
    device = torch.device(sys.argv[1])
    n, d, k, batch = map(int, sys.argv[2:6])
    torch.manual_seed(1)
    places = torch.randn(k, d) * 2
    rows = (places[torch.randint(0, k, (n,))] + torch.randn(n, d)).to(device)
    for way, run, calls in (("recipe", Recipe, 2), ("program", Program, CALLS)):
        seconds = timed(run(rows, rows[:k].clone(), batch), calls, device)
        print(json.dumps({
            "way": way, "torch": torch.__version__, "device": sys.argv[1], "rows": n, "columns": d, "clusters": k,
            "batch": batch, "microseconds": round(seconds * 1e6, 1)}), flush=True)


def timed(steps, calls, device):
    def work():
        for call in range(calls):
            steps.run(call)
        if device.type == "cuda":
            torch.cuda.synchronize()

    work()
    seconds = []
    for _ in range(REPEATS):
        begin = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - begin)
    return statistics.median(seconds) / (calls * STEPS_AT_ONCE)


class Steps:
    def __init__(self, rows, centers, batch):
        self.rows, self.centers, self.batch = rows, centers, batch
        self.counts = torch.zeros(len(centers), dtype=torch.float64, device=rows.device)

    def order(self, call):
        torch.manual_seed(call)
        return torch.randint(0, len(self.rows), (STEPS_AT_ONCE, self.batch)).to(self.rows.device)


class Recipe(Steps):
    def run(self, call):
        for index in self.order(call):
            x = self.rows[index]
            labels = torch.cdist(x, self.centers).min(dim=1)[1]
            for j in range(len(self.centers)):
                chosen = labels == j
                if chosen.sum() > 0:
                    self.counts[j] += chosen.sum()
                    eta = 1.0 / self.counts[j]
                    self.centers[j] = (1 - eta) * self.centers[j] + eta * x[chosen].mean(dim=0)


class Program(Steps):
    def __init__(self, rows, centers, batch):
        super().__init__(rows, centers, batch)
        self.exact, self.means = centers.double(), centers.double()
        self.sums, self.given = torch.zeros_like(self.exact), torch.zeros_like(self.counts)
        self.one = torch.ones(1, dtype=torch.float64, device=rows.device)
        self.numbers = torch.arange(len(centers), device=rows.device)

    def run(self, call):
        order = self.order(call)
        figures = torch.zeros(STEPS_AT_ONCE, 3, dtype=torch.float64, device=self.rows.device)
        for i in range(STEPS_AT_ONCE):
            self.step(self.rows.index_select(0, order[i]).double(), figures[i])
        figures.cpu()

    def step(self, x, figure):
        self.sums.zero_()
        self.given.zero_()
        distances, labels = torch.cdist(x, self.exact, compute_mode="donot_use_mm_for_euclid_dist").min(1)
        chosen = labels.unsqueeze(1).eq(self.numbers).double()
        self.sums.addmm_(chosen.t(), x)
        self.given.add_(chosen.sum(0))
        figure[0].add_((distances * distances).sum())
        figure[1].copy_(self.given.sum())
        moved = self.given.gt(0)
        column = moved.unsqueeze(1)
        batch_means = self.sums / torch.where(moved, self.given, self.one).unsqueeze(1)
        self.counts.add_(self.given)
        rate = self.given / torch.where(moved, self.counts, self.one)
        means = self.means.addcmul(rate.unsqueeze(1), batch_means - self.means)
        self.means.copy_(torch.where(column, means, self.means))
        rounded = torch.where(column, self.means.float(), self.centers)
        shifts = rounded.double() - self.exact
        self.centers.copy_(rounded)
        self.exact.copy_(self.centers)
        figure[2].copy_((shifts * shifts).sum())


main()
