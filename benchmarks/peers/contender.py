"""Owns what a peer has to offer to take part in the power flow race."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from powerflow.feeder import Feeder

FloatArray = NDArray[np.float64]

TOL_PU = 1e-8
MAX_ITERATIONS = 100


class Prepared(NamedTuple):
    """Hold a contender that has read its model and its loads, ready for the clock.

    Attributes
    ----------
    solve : callable
        Returns |V|, (n_case, n_bus) in p.u., in the feeder's bus order.
    note : str
        How it was set up for this case, if that varies.
    """

    solve: Callable[[], FloatArray]
    note: str = ""


@dataclass(frozen=True, slots=True)
class Contender:
    """Hold one method of one package.

    Parameters
    ----------
    name : str
        Package, then method.
    prepare : callable
        Takes feeder, p_kw, q_kvar, (n_case, n_bus) each, and returns `Prepared`. Building the
        model and bringing loads into the package's own form happen here, off the clock: that
        favors the peers. It may raise for what the package cannot do.
    """

    name: str
    prepare: Callable[[Feeder, FloatArray, FloatArray], Prepared]
