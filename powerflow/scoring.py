"""Owns score(): the siting form of the power flow, candidates times load states."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from powerflow import batch, units
from powerflow.fused import fused_batch, fused_newton
from powerflow.kernels import FIGURES
from powerflow.lanes import block_memory
from powerflow.plan import plan_of
from powerflow.result import CONVERGED, STOPPED, UNDECIDED
from powerflow.stopped import stopped_score
from powerflow.threads import run_split

if TYPE_CHECKING:
    from powerflow.feeder import Feeder

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Score:
    """Hold what siting asks of a power flow, one figure per candidate and load state.

    Attributes
    ----------
    loss_kw, loss_kvar, v_min_pu, v_max_pu : (n_candidate, n_state) float array
        NaN where the case did not converge.
    max_loading_pct : (n_candidate, n_state) float array
        Greatest branch loading; NaN too when no ampacity is known.
    iterations : (n_candidate, n_state) int array
    converged : (n_candidate, n_state) bool array
    """

    loss_kw: FloatArray
    loss_kvar: FloatArray
    v_min_pu: FloatArray
    v_max_pu: FloatArray
    max_loading_pct: FloatArray
    iterations: NDArray[np.int64]
    converged: NDArray[np.bool_]


def score(
    feeder: Feeder,
    device_bus: ArrayLike,
    device_p_kw: ArrayLike,
    device_q_kvar: ArrayLike,
    *,
    base_p_kw: ArrayLike | None = None,
    base_q_kvar: ArrayLike | None = None,
    v_source_pu: ArrayLike | None = None,
    base_kv: ArrayLike | None = None,
    tol_pu: float = 1e-8,
    max_iterations: int = 100,
    sweeps: int | None = None,
    n_threads: int | None = None,
) -> Score:
    """Compute the power flow of every candidate in every load state from a few devices.

    A candidate is a handful of devices added to the base load. Neither loads nor voltages of
    (candidate, state, bus) are ever stored: memory grows with candidates times states alone.

    Parameters
    ----------
    feeder : Feeder
    device_bus : (n_candidate, n_device) int array
        Bus index of each device; several may stand at one bus.
    device_p_kw, device_q_kvar : float array
        Added to the load at the device's bus (a capacitor has negative q); broadcast to
        (n_candidate, n_state, n_device).
    base_p_kw, base_q_kvar : (n_bus,) or (n_state, n_bus) float array, optional
        Base loads of each state; the feeder's own by default.
    v_source_pu, base_kv : float or (n_state,) float array, optional
        The feeder's own by default.
    tol_pu, max_iterations, sweeps, n_threads
        As in `power_flow`.

    Returns
    -------
    Score
        A case without solution is flagged there and holds NaN; it never raises.

    Raises
    ------
    ValueError
        For a wrong shape, an unknown bus index, NaN or infinity; the message names the array.

    Examples
    --------
    >>> from powerflow import load_feeder, score
    >>> feeder = load_feeder("ieee33")
    >>> banks = [[feeder.bus_index("13"), feeder.bus_index("30")]]
    >>> with_banks = score(feeder, banks, 0.0, [-400.0, -1000.0])
    >>> bool(with_banks.loss_kw[0, 0] < 150.0)
    True
    """
    batch.check_settings(tol_pu, max_iterations, sweeps)
    n_bus = feeder.n_bus
    bus = _device_bus(device_bus, n_bus)
    device_p = _device_power("device_p_kw", device_p_kw, bus.shape)
    device_q = _device_power("device_q_kvar", device_q_kvar, bus.shape)
    p = batch.bus_rows("base_p_kw", feeder.p_kw if base_p_kw is None else base_p_kw, n_bus)
    q = batch.bus_rows("base_q_kvar", feeder.q_kvar if base_q_kvar is None else base_q_kvar, n_bus)
    v_source = batch.case_column(
        "v_source_pu", feeder.v_source_pu if v_source_pu is None else v_source_pu
    )
    kv = batch.case_column("base_kv", feeder.base_kv if base_kv is None else base_kv)
    n_state = batch.common_length(
        "state",
        {
            "base_p_kw": len(p),
            "base_q_kvar": len(q),
            "v_source_pu": len(v_source),
            "base_kv": len(kv),
            "device_p_kw": device_p.shape[1],
            "device_q_kvar": device_q.shape[1],
        },
    )
    scales = units.kernel_scales(kv, v_source)
    n_candidate = len(bus)
    figures = np.empty((5, n_candidate, n_state))
    iterations = np.empty((n_candidate, n_state), dtype=np.int64)
    status = np.empty((n_candidate, n_state), dtype=np.int8)
    plan = plan_of(feeder)
    tree = (feeder.parent, feeder.r_ohm, feeder.x_ohm)
    given = (p, q, scales, bus, device_p, device_q, plan.inverse_ampacity)
    made = (figures, iterations, status)

    def stop_after(first: int, last: int) -> None:
        stopped_score(sweeps or 0, *tree, *given, first, last, *made)

    def sweep(first: int, last: int) -> None:
        memory = block_memory(n_bus)
        fused_batch(plan.steps, *tree, *given, memory, tol_pu, max_iterations, first, last, *made)

    def newton(first: int, last: int) -> None:
        memory = block_memory(n_bus)
        fused_newton(
            plan.steps, *tree, *given, memory, tol_pu, max_iterations, undecided, first, last, *made
        )

    run_split(stop_after if sweeps else sweep, n_candidate, n_threads)
    if (status == UNDECIDED).any():
        undecided = np.argwhere(status == UNDECIDED)
        run_split(newton, len(undecided), n_threads)
    converged = (status == CONVERGED) | (status == STOPPED)
    # no sweep reads the load at the source
    for name, rows in (("base_p_kw", p), ("base_q_kvar", q)):
        batch.check_finite(name, rows[:, :1], feeder.bus_id[:1])
    if not converged.all():
        # NaN in an input cannot converge, so that a clean batch need not be searched for it.
        for name, rows in {"base_p_kw": p, "base_q_kvar": q}.items():
            batch.check_finite(name, rows, feeder.bus_id)
        for name, values in {"device_p_kw": device_p, "device_q_kvar": device_q}.items():
            _check_device_power(name, values)
        figures[:, ~converged] = np.nan
    if not feeder.has_ampacity:
        figures[FIGURES.index("max_loading_pct")] = np.nan
    loss_kw, loss_kvar, v_min_pu, v_max_pu, max_loading_pct = figures
    return Score(
        loss_kw=loss_kw,
        loss_kvar=loss_kvar,
        v_min_pu=v_min_pu,
        v_max_pu=v_max_pu,
        max_loading_pct=max_loading_pct,
        iterations=iterations,
        converged=converged,
    )


def _device_bus(values: ArrayLike, n_bus: int) -> NDArray[np.int64]:
    """Return the checked bus index of each device, (n_candidate, n_device)."""
    bus = np.asarray(values)
    if bus.ndim != 2:
        raise ValueError(f"device_bus must have shape (n_candidate, n_device), not {bus.shape}")
    if bus.size and not np.issubdtype(bus.dtype, np.integer):
        raise ValueError(f"device_bus must hold integer bus indices, not {bus.dtype}")
    bus = np.ascontiguousarray(bus, dtype=np.int64)
    wrong = (bus < 0) | (bus >= n_bus)
    if wrong.any():
        candidate, device = np.argwhere(wrong)[0]
        raise ValueError(
            f"device_bus must lie in 0..{n_bus - 1}, not {bus[candidate, device]} "
            f"(candidate {candidate}, device {device})"
        )
    return batch.read_only(bus)


def _device_power(name: str, values: ArrayLike, shape: tuple[int, ...]) -> FloatArray:
    """Return device powers with three axes, each of full length or 1."""
    power = np.asarray(values, dtype=np.float64)
    if power.ndim > 3:
        raise ValueError(
            f"{name} must broadcast to (n_candidate, n_state, n_device), not {power.shape}"
        )
    power = power.reshape((1,) * (3 - power.ndim) + power.shape)
    for axis, length in ((0, shape[0]), (2, shape[1])):
        if power.shape[axis] not in (1, length):
            raise ValueError(
                f"{name} must broadcast to (n_candidate, n_state, n_device) = "
                f"({shape[0]}, n_state, {shape[1]}), not {np.shape(values)}"
            )
    return batch.read_only(np.ascontiguousarray(power))


def _check_device_power(name: str, power: FloatArray) -> None:
    """Raise if a device's power is NaN or infinite."""
    if not np.isfinite(power).all():
        candidate, state, device = np.argwhere(~np.isfinite(power))[0]
        raise ValueError(
            f"{name} must be finite, not {power[candidate, state, device]} "
            f"(candidate {candidate}, state {state}, device {device})"
        )
