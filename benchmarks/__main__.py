"""Owns how ``python -m benchmarks`` starts: on one thread for every library that would take more."""

from __future__ import annotations

import os
import sys


def _start() -> int:
    """Run the command line, with what NumPy reads when it is first imported set before."""
    for name in ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS"):
        os.environ[name] = "1"
    from benchmarks.cli import main

    return main()


if __name__ == "__main__":
    sys.exit(_start())
