"""`gradekit grade` with its submissions judged by two Dask workers of this machine, in processes of their own."""

from __future__ import annotations

import sys

from distributed import LocalCluster

from gradekit import cli

if __name__ == "__main__":  # Dask's processes import this file
    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address="127.0.0.1:0", silence_logs=50) as cluster:
        sys.argv += ["--scheduler", cluster.scheduler_address]
        code = cli.main()
    sys.exit(code)
