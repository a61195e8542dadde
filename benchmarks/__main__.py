"""Owns how ``python -m benchmarks`` starts: one thread for every library that takes more."""

from __future__ import annotations

import os
import sys

# Read when NumPy or tqdm is first imported; a progress bar costs a peer time.
SETTINGS = {
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "TQDM_DISABLE": "1",
}


def _start() -> int:
    """Set the environment, then run the command line."""
    os.environ.update(SETTINGS)
    from benchmarks.cli import main

    return main()


if __name__ == "__main__":
    sys.exit(_start())
