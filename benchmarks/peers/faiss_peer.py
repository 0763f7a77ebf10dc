"""faiss. It has no mini-batch steps and no k-means++."""

import faiss
import numpy as np

import common


class Faiss(common.Peer):
    name = f"faiss {faiss.__version__}"

    def __init__(self, threads):
        super().__init__(threads)
        faiss.omp_set_num_threads(threads)

    def assign(self, data, centers):
        index = faiss.IndexFlatL2(data.shape[1])
        index.add(centers)
        return lambda: index.search(data, 1)[1][:, 0]

    def lloyd(self, data, centers, iterations):
        def work():
            # No subsampling: as many points a centroid as there are rows.
            model = faiss.Kmeans(
                data.shape[1], len(centers), niter=iterations, max_points_per_centroid=len(data), min_points_per_centroid=1)
            model.train(data, init_centroids=centers)
            return model.centroids

        return work

    def fit(self, data, clusters, batch, seed):
        def work():
            # Its defaults: 25 Lloyd iterations on at most 256 rows a cluster, begun from random rows. The batch has no meaning.
            model = faiss.Kmeans(data.shape[1], clusters, seed=seed + 1)
            model.train(data)
            labels = model.index.search(data, 1)[1][:, 0]
            return labels, model.centroids, model.cp.niter

        return work


common.main(Faiss)
