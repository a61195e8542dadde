"""Owns siting cases for tests, and the obvious way to solve the small ones: try every plan."""

from __future__ import annotations

import itertools

import numpy as np

from powerflow import load_feeder, make_feeder, power_flow
from problems.siting.certificate import SitingCase

HOURS = 8760
ANNUITY = sum(1.07**-year for year in range(1, 11))
FIXED = {
    "ieee33": (2, 19),
    "ieee69": (2, 28),
    "ieee85": (2, 16),
    "ieee118": (2, 63),
    "brazil136": (2, 100),
}


def make_case(feeder, **changes):
    """Make a case with the prices of the HGAPSO paper (annuity) and four free-sized banks."""
    usd_per_loss_kw = 1.136 * HOURS * ANNUITY
    everywhere = np.ones(feeder.n_bus, dtype=bool)
    base = power_flow(feeder, tol_pu=1e-12).loss_kw[0]
    settings = {
        "station_kw": 1500.0,
        "n_stations": 2,
        "station_buses": None,
        "max_banks": 4,
        "exactly": False,
        "kvar_min": 150.0,
        "kvar_max": 1200.0,
        "kvar_step": None,
        "allowed_bank_bus": everywhere,
        "allowed_station_bus": everywhere,
        "usd_per_loss_kw": usd_per_loss_kw,
        "usd_per_bank": 1500.0 + 800.0 * ANNUITY,
        "usd_per_kvar": 25.0,
        "usd_per_station": 3000.0 + 15000.0 + 1200.0 * ANNUITY,
        "constant_usd": usd_per_loss_kw * (base if np.isfinite(base) else 0.0),
        "v_min_pu": 0.0,
        "v_max_pu": 1.05,
    }
    return SitingCase(feeder=feeder, **(settings | changes))


def paper_case(name, *, free=False, floor=0.0, **changes):
    """Make a case of the HGAPSO paper: its stations' buses or free ones, floor in p.u."""
    feeder = load_feeder(name)
    buses = None if free else tuple(feeder.bus_index(str(bus)) for bus in FIXED[name])
    settings = {
        "station_buses": buses,
        "max_banks": 10 if name == "ieee118" else 4,
        "v_min_pu": floor,
    }
    return make_case(feeder, **(settings | changes))


def small_feeder(
    seed,
    n_bus,
    *,
    ohm=2.0,
    load_kw=900.0,
    reverse=0.0,
    ampacity_a=None,
    v_source_pu=1.0,
    without_r=0.0,
):
    """Make a random tree of two to six buses, loaded enough for losses to matter.

    `without_r` is the share of branches that have a reactance only, as a transformer nearly has.
    """
    rng = np.random.default_rng(seed)
    r_ohm = ohm * rng.uniform(0.1, 1.0, n_bus - 1)
    sign = np.where(rng.random(n_bus) < reverse, -1.0, 1.0)
    p_kw = sign * rng.uniform(0.1, 1.0, n_bus) * load_kw
    q_kvar = np.abs(p_kw) * rng.uniform(0.0, 1.2, n_bus)
    from_bus = [int(rng.integers(0, bus)) for bus in range(1, n_bus)]
    x_ohm = r_ohm * rng.uniform(0.2, 2.0, n_bus - 1)
    if without_r > 0.0:
        r_ohm = np.where(rng.random(n_bus - 1) < without_r, 0.0, r_ohm)
    return make_feeder(
        name=f"small-{seed}",
        base_kv=12.66,
        v_source_pu=v_source_pu,
        source=0,
        bus_id=list(range(n_bus)),
        p_kw=p_kw,
        q_kvar=q_kvar,
        from_bus=from_bus,
        to_bus=list(range(1, n_bus)),
        r_ohm=r_ohm,
        x_ohm=x_ohm,
        ampacity_a=None if ampacity_a is None else np.full(n_bus - 1, ampacity_a),
    )


def score_plans(case, stations, banks, kvar):
    """Return NPV in usd and feasibility of plans, one a row; `kvar` NaN stands for no bank."""
    feeder = case.feeder
    n_plan = kvar.shape[0]
    p_kw = np.tile(feeder.p_kw, (n_plan, 1))
    q_kvar = np.tile(feeder.q_kvar, (n_plan, 1))
    row = np.arange(n_plan)
    for column in stations.T:
        p_kw[row, column] += case.station_kw
    for column, size in zip(banks.T, kvar.T, strict=True):
        q_kvar[row, column] -= np.nan_to_num(size)
    flow = power_flow(
        feeder, p_kw, q_kvar, tol_pu=1e-11, outputs=("loss_kw", "v_min_pu", "v_max_pu", "i_a")
    )
    npv_usd = (
        case.constant_usd
        - case.usd_per_loss_kw * flow.loss_kw
        - case.usd_per_bank * np.isfinite(kvar).sum(axis=1)
        - case.usd_per_kvar * np.nansum(kvar, axis=1)
        - case.usd_per_station * case.n_stations
        - case.usd_station_at[stations].sum(axis=1)
        - np.where(np.isfinite(kvar), case.usd_bank_at[banks], 0.0).sum(axis=1)
    )
    is_feasible = flow.converged & (flow.v_min_pu >= case.v_min_pu)
    is_feasible &= flow.v_max_pu <= case.v_max_pu
    is_within = np.where(np.isfinite(feeder.ampacity_a), flow.i_a <= feeder.ampacity_a, True)
    return npv_usd, is_feasible & is_within.all(axis=1)


def enumerate_best(case, n_size=22):
    """Return the best NPV over every placement and `n_size` sizes a bank; -inf if none is feasible.

    Sizes are evenly spaced from least to greatest, or the case's own steps.
    """
    sizes = np.linspace(case.kvar_min, case.kvar_max, n_size)
    if case.kvar_step is not None:
        sizes = np.arange(case.kvar_min, case.kvar_max + 1e-9, case.kvar_step)
    if case.kvar_sizes is not None:
        sizes = np.array(case.kvar_sizes)
    may_station = [b for b in range(1, case.feeder.n_bus) if case.allowed_station_bus[b]]
    may_bank = [b for b in range(1, case.feeder.n_bus) if case.allowed_bank_bus[b]]
    station_sets = (
        [case.station_buses]
        if case.station_buses is not None
        else list(itertools.combinations(may_station, case.n_stations))
    )
    best = -np.inf
    counts = [case.max_banks] if case.exactly else range(case.max_banks + 1)
    for n_bank in counts:
        grid = np.array(list(itertools.product(sizes, repeat=n_bank)))
        for banks in itertools.combinations(may_bank, n_bank):
            for stations in station_sets:
                shape = (len(grid), 1)
                npv_usd, is_feasible = score_plans(
                    case,
                    np.tile(np.array(stations, dtype=int), shape),
                    np.tile(np.array(banks, dtype=int), shape),
                    grid,
                )
                if is_feasible.any():
                    best = max(best, float(npv_usd[is_feasible].max()))
    return best


def random_plans(case, n_plan, rng):
    """Draw plans that keep every rule but the limits: buses, counts and sizes at random."""
    may_station = np.flatnonzero(case.allowed_station_bus)
    may_bank = np.flatnonzero(case.allowed_bank_bus)
    may_station, may_bank = may_station[may_station > 0], may_bank[may_bank > 0]
    stations = np.array([rng.permutation(may_station)[: case.n_stations] for _ in range(n_plan)])
    if case.station_buses is not None:
        stations = np.tile(np.array(case.station_buses, dtype=int), (n_plan, 1))
    banks = np.array([rng.permutation(may_bank)[: case.max_banks] for _ in range(n_plan)])
    kvar = rng.uniform(case.kvar_min, case.kvar_max, banks.shape)
    if not case.exactly:
        kvar[rng.random(kvar.shape) < 0.2] = np.nan
    return stations, banks, kvar


def random_case(seed):
    """Draw a small case with everything that can go wrong in it; some have no feasible plan.

    Two to five buses; reverse flow, V2G, overcompensation, floors, ceilings, current limits, sizes
    in steps, forbidden buses, exact bank counts, fixed stations.
    """
    rng = np.random.default_rng(seed)
    n_bus = int(rng.integers(2, 6))
    feeder = small_feeder(
        seed,
        n_bus,
        ohm=float(rng.choice([0.5, 2.0, 5.0])),
        load_kw=float(rng.choice([200.0, 600.0, 900.0])),
        reverse=float(rng.choice([0.0, 0.0, 0.5, 1.0])),
        ampacity_a=None if rng.random() < 0.8 else float(rng.uniform(40.0, 300.0)),
    )
    n_stations = int(rng.integers(0, min(n_bus - 1, 2) + 1))
    changes = {
        "max_banks": int(rng.integers(0, min(n_bus - 1, 2) + 1)),
        "n_stations": n_stations,
        "station_kw": float(rng.choice([300.0, 1500.0, -500.0, -1500.0])),
        "exactly": bool(rng.random() < 0.3),
        "kvar_min": float(rng.choice([0.0, 150.0, 400.0])),
        "kvar_max": float(rng.choice([400.0, 1200.0, 3000.0])),
        "kvar_step": [None, None, 50.0, 130.0][rng.integers(4)],
        "v_min_pu": float(rng.choice([0.0, 0.0, 0.9, 0.95, 0.97])),
        "v_max_pu": float(rng.choice([np.inf, 1.05, 1.02, 1.001])),
        "usd_per_bank": float(rng.choice([0.0, 7000.0, 30000.0])),
        "allowed_bank_bus": rng.random(n_bus) < 0.85,
        "allowed_station_bus": rng.random(n_bus) < 0.85,
    }
    # drawn apart, so that the cases are those of before
    land = np.random.default_rng((seed, 1))
    if land.random() < 0.3:
        changes["usd_station_at"] = land.uniform(0.0, 1e6, n_bus)
        changes["usd_bank_at"] = land.uniform(0.0, 1e5, n_bus)
    step, low = changes["kvar_step"], changes["kvar_min"]
    if step is not None and changes["kvar_max"] > low and land.random() < 0.5:
        steps = np.arange(low, changes["kvar_max"] + 1e-9, step)
        kept = np.sort(land.choice(steps, size=min(4, len(steps)), replace=False))
        changes["kvar_sizes"] = tuple(kept.tolist())
    allowed = 1 + np.flatnonzero(changes["allowed_station_bus"][1:])
    if rng.random() < 0.3 and 0 < n_stations <= allowed.size:
        changes["station_buses"] = tuple(allowed[:n_stations].tolist())
    return make_case(feeder, **changes)


def wider_case(seed):
    """Draw a small case beyond `random_case`: other sources, no resistance, fine steps, more banks.

    Two to five buses; the source from 0.94 to 1.06 p.u., with limits that it may break itself;
    branches of pure reactance; sizes in steps of some kvar; three banks at sizes in coarse steps;
    sizes that cannot be chosen.
    """
    rng = np.random.default_rng([seed, 1])
    n_bus = int(rng.integers(2, 6))
    feeder = small_feeder(
        seed,
        n_bus,
        ohm=float(rng.choice([0.2, 1.0, 5.0, 9.0])),
        load_kw=float(rng.choice([100.0, 600.0, 900.0])),
        reverse=float(rng.choice([0.0, 0.0, 0.5])),
        ampacity_a=None if rng.random() < 0.8 else float(rng.uniform(40.0, 300.0)),
        v_source_pu=float(rng.choice([0.94, 0.98, 1.0, 1.03, 1.06])),
        without_r=float(rng.choice([0.0, 0.3, 1.0])),
    )
    n_stations = int(rng.integers(0, min(n_bus - 1, 2) + 1))
    max_banks = int(rng.integers(0, min(n_bus - 1, 3) + 1))
    kvar_min = float(rng.choice([0.0, 150.0, 400.0]))
    changes = {
        "max_banks": max_banks,
        "n_stations": n_stations,
        "station_kw": float(rng.choice([300.0, 1500.0, -1500.0])),
        "exactly": bool(rng.random() < 0.3),
        "kvar_min": kvar_min,
        "kvar_max": kvar_min + float(rng.choice([0.0, 350.0, 1200.0])),
        "v_min_pu": float(rng.choice([0.0, 0.0, 0.9, 0.95])),
        "v_max_pu": float(rng.choice([np.inf, 1.07, 1.05])),
        "usd_per_bank": float(rng.choice([0.0, 7000.0, 30000.0])),
        "usd_per_kvar": float(rng.choice([0.0, 25.0, 400.0])),
        "allowed_bank_bus": rng.random(n_bus) < 0.85,
        "allowed_station_bus": rng.random(n_bus) < 0.85,
    }
    step = [None, 12.5, 35.0][rng.integers(3)]
    changes["kvar_step"] = 130.0 if max_banks == 3 else step
    return make_case(feeder, **changes)
