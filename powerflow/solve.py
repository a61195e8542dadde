"""Owns power_flow(): check a batch, convert it, call the kernels, wrap the figures."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from powerflow import batch, kernels, units
from powerflow.lanes import block_memory
from powerflow.newton import N_SHARE
from powerflow.plan import plan_of
from powerflow.result import CONVERGED, OUTPUTS, STOPPED, UNDECIDED, PowerFlowResult
from powerflow.stream import stream_batch
from powerflow.vector import LANES

if TYPE_CHECKING:
    from powerflow.feeder import Feeder

FloatArray = NDArray[np.float64]


def power_flow(
    feeder: Feeder,
    p_kw: ArrayLike | None = None,
    q_kvar: ArrayLike | None = None,
    *,
    v_source_pu: ArrayLike | None = None,
    base_kv: ArrayLike | None = None,
    r_ohm: ArrayLike | None = None,
    x_ohm: ArrayLike | None = None,
    tol_pu: float = 1e-8,
    max_iterations: int = 100,
    sweeps: int | None = None,
    outputs: Collection[str] = OUTPUTS,
    n_threads: int | None = None,
) -> PowerFlowResult:
    """Compute a batch of balanced power flows on a radial feeder.

    Loads are constant power and positive when consuming. Every input may have one row (or be a
    scalar) for all cases, or one row a case. The default is the DistFlow sweep to convergence;
    the cost is O(n_bus) a sweep and case.

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
    tol_pu : float
        A case has converged when no voltage changes by more than this in a sweep.
    max_iterations : int
        Sweeps after which a case is given up.
    sweeps : int, optional
        Stop the current sweep (backward/forward sweep, flat start) after exactly this many sweeps:
        losses and currents are those of the last backward sweep, voltages those of the last
        forward sweep. For comparison with published figures that were stopped early.
    outputs : collection of str
        Names out of `OUTPUTS`; leave out what a large batch need not hold.
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
    if isinstance(outputs, str) or not set(outputs) <= set(OUTPUTS):
        raise ValueError(f"outputs must be a collection out of {OUTPUTS}, not {outputs!r}")
    wanted = frozenset(outputs)
    n_bus = feeder.n_bus
    rows = {
        "r_ohm": _branch_rows("r_ohm", feeder.r_ohm, r_ohm, feeder.bus_id),
        "x_ohm": _branch_rows("x_ohm", feeder.x_ohm, x_ohm, feeder.bus_id),
        "p_kw": batch.bus_rows("p_kw", feeder.p_kw if p_kw is None else p_kw, n_bus),
        "q_kvar": batch.bus_rows("q_kvar", feeder.q_kvar if q_kvar is None else q_kvar, n_bus),
    }
    columns = {
        "v_source_pu": batch.case_column(
            "v_source_pu", feeder.v_source_pu if v_source_pu is None else v_source_pu
        ),
        "base_kv": batch.case_column("base_kv", feeder.base_kv if base_kv is None else base_kv),
    }
    n_case = batch.common_length("case", {k: len(a) for k, a in {**rows, **columns}.items()})
    source_kv = columns["v_source_pu"] * columns["base_kv"]
    hold = _Figures(feeder.n_bus, n_case, wanted)
    if sweeps is None:
        _solve_in_lanes(feeder, rows, columns, hold, tol_pu, max_iterations, n_threads)
    else:
        _stop_after(feeder, rows, columns, hold, sweeps, n_threads)
    converged = (hold.status == CONVERGED) | (hold.status == STOPPED)
    if not converged.all():
        # NaN in a load cannot converge, so that a clean batch need not be searched for it.
        for name in ("p_kw", "q_kvar"):
            batch.check_finite(name, rows[name], feeder.bus_id)
        hold.blank(~converged)
    made = scale_figures(feeder, hold.figures, columns["v_source_pu"], source_kv)
    made |= {"v_pu": hold.v_pu, "i_a": hold.i_a, "v_min_bus": hold.v_min_bus}
    if "loading_pct" in wanted:
        made["loading_pct"] = hold.i_a * (100.0 / feeder.ampacity_a)
    return PowerFlowResult(
        feeder=feeder,
        iterations=hold.iterations,
        mismatch_pu=hold.mismatch,
        converged=converged,
        status_code=hold.status,
        **{name: made[name] for name in wanted},
    )


class _Figures:
    """Hold the arrays that the kernels fill."""

    def __init__(self, n_bus: int, n_case: int, wanted: frozenset[str]) -> None:
        self.v_pu = np.empty((n_case if "v_pu" in wanted else 0, n_bus))
        self.i_a = np.empty((n_case if wanted & {"i_a", "loading_pct"} else 0, n_bus))
        self.figures = np.empty((n_case, len(kernels.FIGURES)))
        self.mismatch = np.empty(n_case)
        self.iterations = np.zeros(n_case, dtype=np.int64)
        self.v_min_bus = np.empty(n_case, dtype=np.int64)
        self.status = np.empty(n_case, dtype=np.int8)
        self.is_measured = bool(wanted - {"v_pu"})

    def blank(self, failed: NDArray[np.bool_]) -> None:
        """Leave no number that could be mistaken for an answer."""
        for array in (self.v_pu, self.i_a, self.figures, self.mismatch):
            if len(array):
                array[failed] = np.nan
        self.v_min_bus[failed] = -1


def _solve_in_lanes(
    feeder: Feeder,
    rows: dict[str, FloatArray],
    columns: dict[str, FloatArray],
    hold: _Figures,
    tol_pu: float,
    max_iterations: int,
    n_threads: int | None,
) -> None:
    """Sweep every case, then take those that are stressed to Newton's method."""
    plan = plan_of(feeder)
    source_kv = columns["v_source_pu"] * columns["base_kv"]
    scales = np.array(
        np.broadcast_arrays(
            1.0 / units.one_ohm_kva(source_kv), columns["v_source_pu"], units.one_ohm_a(source_kv)
        )
    )
    is_shared = rows["r_ohm"].base is feeder.r_ohm and rows["x_ohm"].base is feeder.x_ohm
    r, x = np.broadcast_arrays(rows["r_ohm"], rows["x_ohm"])
    branches = np.array([r, x])

    def solve(is_newton: bool, order: NDArray[np.int64]) -> None:
        def part(first: int, last: int) -> None:
            table = plan.table
            if not is_shared:
                table = np.repeat(table[:, :, np.newaxis], LANES, axis=2)
            stream_batch(
                plan.steps, feeder.parent, table, branches, np.zeros((0, N_SHARE)),
                rows["p_kw"], rows["q_kvar"], scales, plan.inverse_ampacity,
                block_memory(feeder.n_bus), tol_pu, max_iterations, is_newton,
                hold.is_measured, order, first, last, hold.v_pu, hold.i_a, hold.figures,
                hold.mismatch, hold.iterations, hold.v_min_bus, hold.status,
            )  # fmt: skip

        batch.run_split(part, len(order), n_threads)

    solve(False, np.arange(len(hold.status)))
    undecided = np.flatnonzero(hold.status == UNDECIDED)
    if len(undecided):
        solve(True, undecided)


def _stop_after(
    feeder: Feeder,
    rows: dict[str, FloatArray],
    columns: dict[str, FloatArray],
    hold: _Figures,
    sweeps: int,
    n_threads: int | None,
) -> None:
    """Run the current sweep a given number of times."""
    source_kv = columns["v_source_pu"] * columns["base_kv"]
    unit = 1.0 / units.one_ohm_kva(source_kv)

    def part(first: int, last: int) -> None:
        kernels.solve_batch(
            feeder.parent, rows["r_ohm"], rows["x_ohm"], rows["p_kw"], rows["q_kvar"],
            batch.read_only(unit), plan_of(feeder).inverse_ampacity, 1.0, 1, sweeps, first, last,
            hold.v_pu, hold.i_a, hold.figures, hold.mismatch, hold.iterations, hold.v_min_bus,
            hold.status,
        )  # fmt: skip

    batch.run_split(part, len(hold.status), n_threads)
    np.sqrt(hold.v_pu, out=hold.v_pu)
    np.sqrt(hold.i_a, out=hold.i_a)
    if len(hold.v_pu):
        hold.v_pu *= columns["v_source_pu"][:, np.newaxis]
    if len(hold.i_a):
        hold.i_a *= units.one_ohm_a(source_kv)[:, np.newaxis]


def scale_figures(
    feeder: Feeder, figures: FloatArray, v_source_pu: FloatArray, source_kv: FloatArray
) -> dict[str, Any]:
    """Turn the kernels' figures (last axis) into kW, kvar, p.u. and percent, by name.

    Parameters
    ----------
    figures : (..., n_case, n_figure) float array
    v_source_pu, source_kv : (1 or n_case,) float array
    """
    kva = units.one_ohm_kva(source_kv)
    scaled = {
        "loss_kw": figures[..., 0] * kva,
        "loss_kvar": figures[..., 1] * kva,
        "v_min_pu": np.sqrt(figures[..., 2]) * v_source_pu,
        "v_max_pu": np.sqrt(figures[..., 3]) * v_source_pu,
        "max_loading_pct": np.sqrt(figures[..., 4]) * (100.0 * units.one_ohm_a(source_kv)),
    }
    if not feeder.has_ampacity:
        scaled["max_loading_pct"] = np.full_like(scaled["max_loading_pct"], np.nan)
    if figures.shape[-1] > len(scaled):
        scaled["substation_kw"] = figures[..., 5] * kva
        scaled["substation_kvar"] = figures[..., 6] * kva
    return scaled


def _branch_rows(
    name: str, own: FloatArray, values: ArrayLike | None, bus_id: tuple[str, ...]
) -> FloatArray:
    """Return checked impedance rows with column 0 (no branch) at 0."""
    if values is None:
        return own[np.newaxis]
    rows = batch.bus_rows(name, values, len(own)).copy()
    rows[:, 0] = 0.0
    batch.check_impedance(name, rows, bus_id)
    return batch.read_only(rows)
