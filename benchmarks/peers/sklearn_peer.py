"""scikit-learn. Its inner functions are called where they exist, so that checks of the input are not counted."""

import numpy as np
import sklearn
from sklearn.cluster import MiniBatchKMeans
from sklearn.cluster._k_means_lloyd import lloyd_iter_chunked_dense
from sklearn.cluster._kmeans import _labels_inertia_threadpool_limit, _mini_batch_step, kmeans_plusplus
from threadpoolctl import threadpool_limits

import common


class ScikitLearn(common.Peer):
    name = f"scikit-learn {sklearn.__version__}"

    def assign(self, data, centers):
        weights = np.ones(len(data), data.dtype)
        return lambda: _labels_inertia_threadpool_limit(
            data, weights, centers, n_threads=self.threads, return_inertia=False)

    def lloyd(self, data, centers, iterations):
        weights = np.ones(len(data), data.dtype)
        labels = np.full(len(data), -1, np.int32)
        sums = np.zeros(len(centers), data.dtype)
        shift = np.zeros(len(centers), data.dtype)

        def work():
            old, new = centers.copy(), np.zeros_like(centers)
            # Its own loop does the same: the products are small and the threads are its own.
            with threadpool_limits(limits=1, user_api="blas"):
                for _ in range(iterations):
                    lloyd_iter_chunked_dense(data, weights, old, new, sums, labels, shift, self.threads)
                    old, new = new, old
            return old

        return work

    def step(self, data, centers, batch, steps, seed):
        rows = common.batches(len(data), batch, steps, seed)
        weights = np.ones(batch, data.dtype)

        def work():
            old, new = centers.copy(), np.empty_like(centers)
            counts = np.zeros(len(centers), data.dtype)
            random = np.random.RandomState(seed)
            with threadpool_limits(limits=1, user_api="blas"):
                for index in rows:
                    _mini_batch_step(data[index], weights, old, new, counts, random, n_threads=self.threads)
                    old, new = new, old
            return old

        return work

    def init(self, data, clusters, rows, seed):
        def work():
            sample = data if rows is None else data[np.random.RandomState(seed).randint(0, len(data), rows)]
            return kmeans_plusplus(sample, clusters, random_state=seed)[0]

        return work

    def fit(self, data, clusters, batch, seed):
        def work():
            # One initialisation: its default since version 1.4.
            model = MiniBatchKMeans(clusters, batch_size=batch, random_state=seed, n_init=1).fit(data)
            return model.labels_, model.cluster_centers_, model.n_iter_

        return work


common.main(ScikitLearn)
