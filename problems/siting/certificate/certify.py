"""Owns the door to the certificate: checks a case, runs the proof, words the answer."""

from __future__ import annotations

import time

import numpy as np

from powerflow.units import S_BASE_KVA
from problems.siting.certificate.ac import judge
from problems.siting.certificate.case import Model, SitePlan, SitingCase, make_model
from problems.siting.certificate.remainder import Reference
from problems.siting.certificate.result import Certificate, Status
from problems.siting.certificate.search import Search


def certify(
    case: SitingCase,
    *,
    gap: float = 1e-5,
    limit_s: float = 60.0,
    incumbent: SitePlan | None = None,
) -> Certificate:
    """Prove how great the NPV of a siting case can be, and find a plan close to that.

    Assumes the feeder's own loads as the only load state. Every plan returned holds all limits; the
    bound prices floor, ceiling and ampacities (docs/certificate.md).

    Parameters
    ----------
    case : SitingCase
        The problem in physical units.
    gap : float
        Stop when ``(bound - npv) / |npv|`` is proven to be at most this.
    limit_s : float
        Stop after this many seconds with the bound proven so far; compiling counts.
    incumbent : SitePlan, optional
        A plan to start from; an infeasible one is used as a starting point only.

    Returns
    -------
    Certificate
        Failure shows as `status` and `message`, never as an exception.

    Raises
    ------
    ValueError
        If `gap` or `limit_s` is negative, or the incumbent does not fit the case.
    """
    if not gap >= 0.0 or not limit_s >= 0.0:
        raise ValueError(f"gap and limit_s must be 0 or more, not {gap} and {limit_s}")
    start = time.perf_counter()
    model = make_model(case)
    reason = _contradiction(model)
    if reason is not None:
        return Certificate(
            "infeasible", reason, None, None, None, None, None, None,
            time.perf_counter() - start, 0, (),
        )  # fmt: skip
    search = Search(model, gap, start + limit_s, start)
    places = tuple(np.flatnonzero(model.may_station)[: model.n_free].tolist())
    first = judge(model, SitePlan(places, (), ()))
    if not model.exactly or model.n_bank == 0:
        search.consider(first.plan)
    if incumbent is not None:
        given = _fit(model, incumbent)
        search.keep(judge(model, given))
        first = search.consider(given)
    nothing = np.zeros(model.n_bus)
    search.run(Reference(first.alpha, first.beta, nothing, nothing))
    return _word(search, time.perf_counter() - start)


def _contradiction(model: Model) -> str | None:
    """Return why no plan can exist at all, if that shows without a search."""
    case = model.case
    if model.n_free > int(model.may_station.sum()):
        return f"{model.n_free} stations, but only {int(model.may_station.sum())} buses allowed"
    if model.exactly and model.n_bank > int(model.may_bank.sum()):
        return f"exactly {model.n_bank} banks, but only {int(model.may_bank.sum())} buses allowed"
    source = case.feeder.v_source_pu
    if not case.v_min_pu <= source <= case.v_max_pu:
        return f"the source voltage {source} p.u. is outside {case.v_min_pu}..{case.v_max_pu}"
    return None


def _fit(model: Model, plan: SitePlan) -> SitePlan:
    """Return the plan in the model's terms (fixed stations are part of the load)."""
    case = model.case
    stations = tuple(sorted(plan.station_buses))
    fixed = tuple(sorted(case.station_buses)) if case.station_buses is not None else None
    banks = sorted(zip(plan.bank_buses, plan.kvar, strict=True))
    buses = tuple(bus for bus, _ in banks)
    if fixed is not None and stations != fixed:
        raise ValueError(f"incumbent: stations stand at {stations}, the case fixes {fixed}")
    if fixed is None and (
        len(stations) != model.n_free
        or len(set(stations)) != len(stations)
        or not model.may_station[list(stations)].all()
    ):
        raise ValueError(f"incumbent: {stations} are not {model.n_free} different allowed buses")
    if len(set(buses)) != len(buses) or not model.may_bank[list(buses)].all():
        raise ValueError(f"incumbent: {buses} are not different allowed bank buses")
    if len(buses) > model.n_bank or (model.exactly and len(buses) != model.n_bank):
        raise ValueError(f"incumbent: {len(buses)} banks, the case has {model.n_bank}")
    sizes = np.array([kvar for _, kvar in banks])
    if ((sizes < case.kvar_min - 1e-6) | (sizes > case.kvar_max + 1e-6)).any():
        raise ValueError(f"incumbent: a size is outside {case.kvar_min}..{case.kvar_max} kvar")
    q = tuple(model.snap(size) for size in (sizes / S_BASE_KVA).tolist())
    return SitePlan(stations if fixed is None else (), buses, q)


def _word(search: Search, seconds: float) -> Certificate:
    """Return the answer of a finished search in the case's own units."""
    model, best = search.model, search.best
    lower = search.lower_usd()
    is_late = search.is_late()
    log = tuple(search.log)
    if best is None and lower == np.inf:
        return Certificate(
            "infeasible", "no plan meets the limits (proven)", None, None, None, None, None, None,
            seconds, search.n_box, log,
        )  # fmt: skip
    bound = None
    if np.isfinite(lower):
        bound = float(model.usd_offset - lower + search.doubt_usd(lower))
    status: Status = "time_limit" if is_late else "gap_limit"
    if best is None:
        message = "no plan within the limits was found"
        message += "; the bound holds for any there may be" if bound is not None else ", no bound"
        return Certificate(
            status, message, bound, None, None, None, None, None, seconds, search.n_box, log
        )
    npv = float(model.usd_offset - best.cost_usd)
    doubt = search.doubt_usd(best.cost_usd)
    gap = (bound - npv) / abs(npv) if bound is not None and abs(npv) > doubt else None
    message = f"{search.n_box} boxes, {len(log)} rounds"
    if (gap is not None and gap <= search.gap) or lower >= best.cost_usd - doubt:
        status = "optimal"
    elif not is_late:
        message += "; nothing left to split"
    if gap is None:
        message += "; no gap: the NPV is 0 to the accuracy of the figures"
    plan = SitePlan(
        best.plan.station_buses if model.case.station_buses is None else model.case.station_buses,
        best.plan.bank_buses,
        tuple(S_BASE_KVA * q for q in best.plan.kvar),
    )
    return Certificate(
        status, message, bound, npv, gap, plan,
        S_BASE_KVA * best.loss_pu, float(np.sqrt(best.v.min())), seconds, search.n_box, log,
    )  # fmt: skip
