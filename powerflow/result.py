"""Owns what a power flow hands back, and how failure shows in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from powerflow.feeder import Feeder

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

CONVERGED, NO_SOLUTION, ITERATION_LIMIT, STOPPED, UNDECIDED = 0, 1, 2, 3, 4
"""Status codes of a case; the kernels write them, `PowerFlowResult.status` words them. A case that
the sweep gives up is undecided until Newton's method has judged it; no result shows that code."""

PER_BUS = ("v_pu", "i_a", "loading_pct")
PER_CASE = (
    "loss_kw",
    "loss_kvar",
    "substation_kw",
    "substation_kvar",
    "v_min_pu",
    "v_max_pu",
    "v_min_bus",
    "max_loading_pct",
)
OUTPUTS = PER_BUS + PER_CASE
"""The figures that `power_flow` gives unless told otherwise."""

ON_REQUEST = ("angle_rad",)
"""Figures that must be asked for."""


@dataclass(frozen=True, slots=True, eq=False)
class PowerFlowResult:
    """Hold the figures of a batch of power flows; a figure nobody asked for is None.

    A case without solution is flagged, alone: ``converged`` is False, its figures are NaN
    (``v_min_bus`` is -1), and ``status`` says why.

    Attributes
    ----------
    feeder : Feeder
        The feeder the cases were computed on.
    iterations : (n_case,) int array
        Sweeps plus Newton steps spent.
    mismatch_pu : (n_case,) float array
        Largest error of a voltage that the last step can have left, estimated from how fast the
        steps shrank; per unit of the source voltage. After `sweeps`: the last sweep's change.
    converged : (n_case,) bool array
    status_code : (n_case,) int array
        0 converged, 1 no solution, 2 iteration limit, 3 stopped after the sweeps asked for.
    v_pu : (n_case, n_bus) float array
        Voltage magnitudes per unit of the base voltage.
    angle_rad : (n_case, n_bus) float array
        Voltage angles against the source; only on request.
    i_a : (n_case, n_bus) float array
        Current in A of the branch entering each bus; column 0 is 0.
    loading_pct : (n_case, n_bus) float array
        That current in percent of the branch's ampacity; NaN where the ampacity is unknown.
    loss_kw, loss_kvar : (n_case,) float array
        Losses of all branches.
    substation_kw, substation_kvar : (n_case,) float array
        Power delivered by the source: all loads, its own bus included, plus the losses.
    v_min_pu, v_max_pu : (n_case,) float array
        Extreme voltages over all buses, the source included.
    v_min_bus : (n_case,) int array
        Index of the bus with the lowest voltage.
    max_loading_pct : (n_case,) float array
        Greatest loading; NaN when no ampacity is known.
    """

    feeder: Feeder
    iterations: IntArray
    mismatch_pu: FloatArray
    converged: NDArray[np.bool_]
    status_code: NDArray[np.int8]
    v_pu: FloatArray | None = None
    angle_rad: FloatArray | None = None
    i_a: FloatArray | None = None
    loading_pct: FloatArray | None = None
    loss_kw: FloatArray | None = None
    loss_kvar: FloatArray | None = None
    substation_kw: FloatArray | None = None
    substation_kvar: FloatArray | None = None
    v_min_pu: FloatArray | None = None
    v_max_pu: FloatArray | None = None
    v_min_bus: IntArray | None = None
    max_loading_pct: FloatArray | None = None

    @property
    def n_case(self) -> int:
        """Number of cases in the batch."""
        return len(self.converged)

    @property
    def status(self) -> NDArray[np.str_]:
        """What happened to each case, in words: (n_case,) array of strings."""
        words = np.array(
            [
                "converged",
                "no solution found: Newton's method left the operating range",
                "not converged within the iteration limit",
                "stopped after {} sweeps",
            ]
        )[self.status_code]
        stopped = self.status_code == STOPPED
        if stopped.any():
            words[stopped] = f"stopped after {self.iterations[stopped][0]} sweeps"
        return words
