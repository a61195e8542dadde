"""Owns power_flow(): check a batch, convert it, call the kernels, wrap the figures."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from powerflow import batch
from powerflow.angles import angle_batch
from powerflow.inputs import Inputs, check_inputs
from powerflow.kernels import FIGURES
from powerflow.lanes import block_memory
from powerflow.plan import plan_of
from powerflow.result import (
    CONVERGED,
    ON_REQUEST,
    OUTPUTS,
    PER_CASE,
    STOPPED,
    UNDECIDED,
    PowerFlowResult,
)
from powerflow.stopped import stopped_batch
from powerflow.stream import stream_batch
from powerflow.threads import run_split
from powerflow.vector import LANES

if TYPE_CHECKING:
    from powerflow.feeder import Feeder


def power_flow(
    feeder: Feeder,
    p_kw: ArrayLike | None = None,
    q_kvar: ArrayLike | None = None,
    *,
    v_source_pu: ArrayLike | None = None,
    base_kv: ArrayLike | None = None,
    r_ohm: ArrayLike | None = None,
    x_ohm: ArrayLike | None = None,
    zip_shares: tuple[ArrayLike, ArrayLike, ArrayLike] | None = None,
    shunt_p_kw: ArrayLike | None = None,
    shunt_q_kvar: ArrayLike | None = None,
    tol_pu: float = 1e-8,
    max_iterations: int = 100,
    sweeps: int | None = None,
    outputs: Collection[str] = OUTPUTS,
    n_threads: int | None = None,
) -> PowerFlowResult:
    """Compute a batch of balanced power flows on a radial feeder.

    Loads are positive when consuming, and constant power unless `zip_shares` says otherwise. Every
    input may have one row (or be a scalar) for all cases, or one row a case. A case is swept
    (DistFlow, squared magnitudes) until its error is below the tolerance; stressed cases and loads
    that depend on voltage go to Newton's method on the tree. Each sweep or step is O(n_bus).

    Parameters
    ----------
    feeder : Feeder
    p_kw, q_kvar : (n_bus,) or (n_case, n_bus) float array, optional
        Loads; the feeder's own by default.
    v_source_pu : float or (n_case,) float array, optional
        Voltage of the source; the feeder's own by default.
    base_kv : float or (n_case,) float array, optional
        Line-to-line base voltage; ohm, kW and A stay what they are.
    r_ohm, x_ohm : (n_bus,) or (n_case, n_bus) float array, optional
        Impedance of the branch entering each bus; column 0 is ignored.
    zip_shares : (z, i, p), optional
        Shares of constant impedance, current and power in every load, each a number or (n_bus,)
        array; they add up to 1 at each bus. `p_kw` and `q_kvar` then are the loads at nominal
        voltage (1 p.u. of `base_kv`). All constant power by default.
    shunt_p_kw, shunt_q_kvar : float or (n_bus,) float array, optional
        Fixed shunts by their power at nominal voltage, positive when consuming (a capacitor has
        negative q); their power goes with the voltage squared.
    tol_pu : float
        Greatest voltage error that a converged case may have left, as estimated from how fast the
        steps shrink; at least 1e-13.
    max_iterations : int
        Sweeps, and then Newton steps, after which a case is given up.
    sweeps : int, optional
        Stop the current sweep (backward/forward sweep, flat start) after exactly this many sweeps:
        losses and currents are those of the last backward sweep, voltages those of the last
        forward sweep. For comparison with published figures that were stopped early.
    outputs : collection of str
        Names of figures (`powerflow.result.OUTPUTS` and "angle_rad"); leave out what a large batch
        need not hold.
    n_threads : int, optional
        Threads that share the batch; NUMBA_NUM_THREADS by default. Answers do not depend on it.

    Returns
    -------
    PowerFlowResult
        A case without solution is flagged there and holds NaN; it never raises.

    Raises
    ------
    ValueError
        For a wrong shape, NaN or infinity, a negative resistance, an unknown output; the message
        names the array, the shape or bus, and what was expected.

    References
    ----------
    M. E. Baran and F. F. Wu, IEEE Trans. Power Delivery 4(1), 1989, 725-734.

    Examples
    --------
    >>> from powerflow import load_feeder, power_flow
    >>> result = power_flow(load_feeder("ieee33"))
    >>> print(f"{result.loss_kw[0]:.3f}")
    202.677
    """
    batch.check_settings(tol_pu, max_iterations, sweeps)
    if isinstance(outputs, str) or not set(outputs) <= {*OUTPUTS, *ON_REQUEST}:
        known = (*OUTPUTS, *ON_REQUEST)
        raise ValueError(f"outputs must be a collection out of {known}, not {outputs!r}")
    inputs = check_inputs(
        feeder, p_kw, q_kvar, v_source_pu, base_kv, r_ohm, x_ohm,
        zip_shares, shunt_p_kw, shunt_q_kvar,
    )  # fmt: skip
    made = _Made(feeder.n_bus, inputs.n_case, frozenset(outputs))
    if sweeps is None:
        _converge(feeder, inputs, made, tol_pu, max_iterations, n_threads)
    elif len(inputs.shares):
        raise ValueError("sweeps stops a constant-power sweep: leave out zip_shares and shunts")
    else:
        _stop_after(feeder, inputs, made, sweeps, n_threads)
    converged = (made.status == CONVERGED) | (made.status == STOPPED)
    # no sweep reads the load at the source
    for name, rows in (("p_kw", inputs.p), ("q_kvar", inputs.q)):
        batch.check_finite(name, rows[:, :1], feeder.bus_id[:1])
    if not converged.all():
        # NaN in a load cannot converge, so that a clean batch need not be searched for it.
        for name, rows in (("p_kw", inputs.p), ("q_kvar", inputs.q)):
            batch.check_finite(name, rows, feeder.bus_id)
        made.blank(~converged)
    named = made.named(feeder)
    return PowerFlowResult(
        feeder=feeder,
        iterations=made.iterations,
        mismatch_pu=made.errors,
        converged=converged,
        status_code=made.status,
        **{name: named[name] for name in outputs},
    )


class _Made:
    """Hold the arrays that the kernels fill."""

    def __init__(self, n_bus: int, n_case: int, wanted: frozenset[str]) -> None:
        def rows(*names: str) -> NDArray[np.float64]:
            return np.empty((n_case if wanted & set(names) else 0, n_bus))

        self.v_pu = rows("v_pu", "angle_rad")
        self.angle_rad = rows("angle_rad")
        self.i_a = rows("i_a", "loading_pct")
        is_measured = bool(wanted & {*PER_CASE, "i_a", "loading_pct"})
        self.figures = np.empty((len(FIGURES) if is_measured else 0, n_case))
        self.errors = np.empty(n_case)
        self.iterations = np.zeros(n_case, dtype=np.int64)
        self.v_min_bus = np.empty(n_case, dtype=np.int64)
        self.status = np.empty(n_case, dtype=np.int8)
        self.has_loading = "loading_pct" in wanted

    def blank(self, failed: NDArray[np.bool_]) -> None:
        """Leave no number that could be mistaken for an answer."""
        for array in (self.v_pu, self.angle_rad, self.i_a, self.errors):
            if len(array):
                array[failed] = np.nan
        self.figures[:, failed] = np.nan
        self.v_min_bus[failed] = -1

    def named(self, feeder: Feeder) -> dict[str, Any]:
        """Return every figure that was made, by its name."""
        named: dict[str, Any] = dict(zip(FIGURES, self.figures, strict=False))
        named |= {"v_pu": self.v_pu, "angle_rad": self.angle_rad, "v_min_bus": self.v_min_bus}
        named["i_a"] = self.i_a
        if self.has_loading:
            named["loading_pct"] = self.i_a * (100.0 / feeder.ampacity_a)
        if not feeder.has_ampacity:
            named["max_loading_pct"] = np.full(len(self.status), np.nan)
        return named


def _converge(
    feeder: Feeder,
    inputs: Inputs,
    made: _Made,
    tol_pu: float,
    max_iterations: int,
    n_threads: int | None,
) -> None:
    """Sweep every case, then take those that are stressed to Newton's method."""
    plan = plan_of(feeder)

    def solve(is_newton: bool, order: NDArray[np.int64]) -> None:
        def part(first: int, last: int) -> None:
            table = plan.table
            if inputs.has_own_branches:
                table = np.repeat(table[:, :, np.newaxis], LANES, axis=2)
            stream_batch(
                plan.steps, feeder.parent, table, inputs.branches, inputs.shares,
                inputs.p, inputs.q, inputs.scales, plan.inverse_ampacity,
                block_memory(feeder.n_bus), tol_pu, max_iterations, is_newton, order, first, last,
                made.v_pu, made.i_a, made.figures, made.errors, made.iterations,
                made.v_min_bus, made.status,
            )  # fmt: skip

        run_split(part, len(order), n_threads)

    depends_on_voltage = len(inputs.shares) > 0
    solve(depends_on_voltage, np.arange(inputs.n_case))
    undecided = np.flatnonzero(made.status == UNDECIDED)
    if len(undecided):
        solve(True, undecided)
    if len(made.angle_rad):

        def angles(first: int, last: int) -> None:
            angle_batch(
                feeder.parent, inputs.branches, inputs.shares, inputs.p, inputs.q, inputs.scales,
                first, last, made.v_pu, made.angle_rad,
            )  # fmt: skip

        run_split(angles, inputs.n_case, n_threads)


def _stop_after(
    feeder: Feeder, inputs: Inputs, made: _Made, sweeps: int, n_threads: int | None
) -> None:
    """Run the current sweep a given number of times."""

    def part(first: int, last: int) -> None:
        stopped_batch(
            sweeps, feeder.parent, inputs.branches, inputs.p, inputs.q, inputs.scales,
            plan_of(feeder).inverse_ampacity, first, last,
            made.v_pu, made.i_a, made.angle_rad, made.figures, made.errors, made.iterations,
            made.v_min_bus, made.status,
        )  # fmt: skip

    run_split(part, inputs.n_case, n_threads)
