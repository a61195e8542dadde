"""What planners ask next, as settings: impossible ones, examples, commands, fronts."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from siting_questions import CASES, EXISTING, FEEDER, FREE, STATION, problem

from powerflow.library import load_feeder
from powerflow.limits import Limits
from problems.core.assess import assess
from problems.core.equipment import Asset
from problems.core.errors import ContentError, SettingError
from problems.core.horizon import Horizon
from problems.core.instance import Conditions, Instance
from problems.core.land import SiteCost
from problems.core.plan import Plan
from problems.siting.certified import certified_plan, certify_problem
from problems.siting.equipment import SitingEquipment
from problems.siting.objectives import SitingObjectives
from problems.siting.tables import read_bus_costs, read_existing, read_states

EXAMPLES = Path(__file__).parents[2] / "problems" / "siting" / "examples"


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"station_kw_min": 100.0}, "go together"),
        ({"station_kw_min": 2000.0, "station_kw_max": 3000.0}, "the mean of the stations"),
        (
            {"stations": 0, "station_kw_min": 1.0, "station_kw_max": 2000.0},
            "need at least one station",
        ),
        ({"kvar_sizes": (100.0,), "kvar_step": 10.0}, "exclude each other"),
        ({"kvar_sizes": ()}, "at least one"),
        ({"kvar_sizes": (-100.0, 5.0)}, "positive numbers"),
        ({"kvar_sizes": (100.0, 100.0)}, "differ from each other"),
        ({"kvar_sizes": (100.0, 100.0001)}, "three decimals"),
    ],
)
def test_impossible_setting_is_named(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingError, match=message):
        SitingEquipment(**settings)


def test_impossible_conditions_are_named() -> None:
    with pytest.raises(SettingError, match="budget must be positive"):
        Conditions(budget=0.0)
    with pytest.raises(ContentError, match="growth must be from"):
        Horizon(growth=1.0)
    with pytest.raises(ContentError, match="bus 3: cost must be 0 or more"):
        SiteCost("3", -1.0)
    with pytest.raises(ContentError, match=r"bus costs: .*no bus 99"):
        problem({"bus_costs": (SiteCost("99", 1.0),)})
    with pytest.raises(ContentError, match="bus '3' appears twice"):
        problem({"bus_costs": (SiteCost("3", 1.0), SiteCost("3", 2.0))})
    with pytest.raises(ContentError, match="station at bus 99"):
        problem({"existing": (Asset("station", "99", kw=1.0),)})


def test_examples_are_read(tmp_path: Path) -> None:
    states = read_states(EXAMPLES / "states_day.csv")
    assert (len(states), sum(state.hours for state in states)) == (24, 8760.0)
    land = read_bus_costs(EXAMPLES / "bus_costs.csv")
    assert land[0] == SiteCost("2", 90_000.0, 5000.0)
    assert read_existing(EXAMPLES / "existing.csv", FEEDER)[1] == Asset(
        "capacitor", "30", kvar=300.0
    )
    instance = Instance(FEEDER, Conditions(existing=EXISTING))
    Plan.of(instance, (STATION,)).save(tmp_path / "plan.json")
    assert read_existing(tmp_path / "plan.json", FEEDER) == (*EXISTING, STATION)
    with pytest.raises(ContentError, match="made for another content"):
        read_existing(tmp_path / "plan.json", load_feeder("ieee69"))


def test_command_records_what_was_asked(feederlab: Any, tmp_path: Path) -> None:
    """Site with all of it in euros; the plan alone gives the same figures, and so does a rerun."""
    words = (
        "--existing", str(EXAMPLES / "existing.csv"), "--growth", "0.02", "--budget", "2e6",
        "--bus-costs", str(EXAMPLES / "bus_costs.csv"), "--kvar-sizes", "150,300,600",
        "--prices", str(EXAMPLES / "prices_eur.toml"), "--v-min", "0",
    )  # fmt: skip
    ratings = ("--station-kw-min", "500", "--station-kw-max", "2500")
    run = ("--seed", "1", "--evaluations", "40", "--json")
    site = feederlab("site", "ieee33", *words, *ratings, *run, "--out", "study").json
    assert sum(one["kw"] for one in site["stations"]) == pytest.approx(3000.0)
    assert {bank["kvar"] for bank in site["capacitors"]} <= {150.0, 300.0, 600.0}
    assert site["invested_eur"] <= 2e6
    alone = feederlab("assess", "study/plan.json", "--json").json
    for key in ("npv_eur", "invested_eur", "loss_kw", "v_min_pu", "violation"):
        assert alone[key] == site[key]
    record = (tmp_path / "study" / "record.json").read_text()
    for key in ("growth", "budget", "bus_costs", "existing", "kvar_sizes", "station_kw_max"):
        assert f'"{key}"' in record
    assert feederlab("rerun", "study", "--quiet").code == 0
    certified = feederlab("certify", "ieee33", *words, "--limit-s", "1", "--json")
    assert "10 load states" in certified.json["message"]
    for command in ("site", "certify"):
        extra = ("--seed", "1", "--certify") if command == "site" else ()
        refused = feederlab(command, "ieee33", *words, *ratings, *extra)
        assert refused.code == 2
        assert "leave out station kw min" in refused.err
    compared = feederlab(
        "compare", "ieee33", "--engines", "ga,memetic", "--runs", "2", *words, "--seed", "1",
        "--evaluations", "20", "--out", "compared", "--json",
    )  # fmt: skip
    assert compared.code == 0
    assert all("median_eur" in row for row in compared.json["summary"])
    refused = feederlab("site", "ieee33", "--engine", "memetic", *ratings, *run)
    assert "leave out station kw" in refused.err + refused.out


@pytest.mark.parametrize("case", [*CASES])
def test_fronts_are_judged_as_their_plans_are(case: str) -> None:
    """All objectives of every candidate, between ideal and reference point."""
    conditions, equipment = CASES[case]
    asked = SitingObjectives(problem(conditions, **equipment), ("npv", "voltage", "access"))
    x = asked.space.sample(8, np.random.default_rng(5))
    f = asked.evaluate(x).f
    ideal, _ = asked.anchors()
    for row, found in zip(x, f, strict=True):
        figures = asked.figures(assess(asked.plan(row), asked.siting.instance))
        assert (-found[0], *found[1:]) == pytest.approx(figures, rel=1e-6, abs=1e-7)
        assert ideal[0] >= -found[0]


def test_plan_of_the_last_year_holds_the_limits_of_all_years() -> None:
    """Loads that shrink: the ceiling binds in the last year, the floor in the first."""
    held = {"horizon": Horizon(years=3, growth=-0.2), "money_rule": "final-year"}
    found = certify_problem(problem({**held, "limits": Limits(0.95)}), gap=1e-3, limit_s=10.0)
    last = certify_problem(problem({**held, "limits": FREE}), gap=1e-3, limit_s=10.0)
    assert found.bound_usd is not None
    plan = None if found.plan is None else certified_plan(problem({**held}), found)
    if plan is not None:
        conditions = Conditions(**{**held, "limits": Limits(0.95)})
        assert assess(plan, Instance(FEEDER, conditions)).is_feasible
    assert found.bound_usd <= last.bound_usd * (1.0 + 1e-3)
