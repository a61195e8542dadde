"""Owns the points of the sensitivities: quick searches of changed studies, kept one by one."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from problems.core.content import from_content, json_text, read_json, to_content, write_text
from problems.staged.indicators import scheme_answer
from problems.staged.investment import SCHEMES, Scheme, SchemeName
from problems.staged.scenarios import reduce_scenarios
from problems.staged.scheme_plan import Effort, NoPlan, SchemePlan, plan_scheme
from problems.staged.studied import Studied

Shared = Callable[[int, str, bool], bool]
"""Of a solved state: its stage, what it may use, whether all its investments are decided."""


@dataclass(frozen=True, slots=True)
class Point:
    """Hold one point of a sweep: what a quick search of the changed study found.

    Costs contain the basic piles; storage and piles are those of the last stage, as are shares.
    """

    sweep: str
    value: float
    scheme: str
    lcc_rmb: float
    bound_rmb: float
    storage_kwh: float
    smart_piles: float
    two_way_piles: float
    line_km: float
    transformer_mva: float
    status: str
    lcc_all_rmb: float | None = None
    curtailment_pct: float | None = None
    charging_satisfaction_pct: float | None = None


@dataclass(frozen=True, slots=True)
class _Group:
    """Hold the points of one changed study as its file keeps them."""

    points: tuple[Point, ...]


def point_of(sweep: str, value: float, plan: SchemePlan) -> Point:
    """Return the point that a plan is."""
    answer, last = scheme_answer(plan), plan.capacity[-1]
    model, bits = plan.model, plan.chain[-1]
    segments = zip(model.items, bits, strict=True)
    mva = model.study.data.transformer_mva[sum(bits[model.steps])]
    return Point(
        sweep=sweep,
        value=value,
        scheme=model.scheme.name,
        lcc_rmb=plan.lcc_rmb,
        bound_rmb=plan.bound_rmb,
        lcc_all_rmb=plan.lcc_all_rmb,
        storage_kwh=sum(last.get("storage_kwh", []), 0.0),
        smart_piles=sum(last.get("smart", []), 0.0),
        two_way_piles=sum(last.get("two_way", []), 0.0),
        line_km=sum((i.size for i, bit in segments if bit and i.kind == "segment"), 0.0),
        transformer_mva=mva,
        curtailment_pct=answer["curtailment_pct"],
        charging_satisfaction_pct=answer["charging_satisfaction_pct"],
        status=plan.status,
    )


@dataclass(frozen=True, slots=True, eq=False)
class Searches:
    """Hold what every point starts from: the study as it is, its plans, and where states are kept.

    Attributes
    ----------
    study : Studied
    plans : dict of str to SchemePlan
        Quick plans of the study as it is; a changed study is offered what they build.
    effort : Effort
    folder : Path
        Of the reproduction: its `states` hold those of the plans, and a folder a changed study.
    say : callable
        Takes one line of progress.
    n_jobs : int
        Worker processes; no figure depends on it.
    """

    study: Studied
    plans: Mapping[str, SchemePlan]
    effort: Effort
    folder: Path
    say: Callable[[str], None]
    n_jobs: int = 1

    def points(
        self,
        sweep: str,
        value: float,
        changed: Studied,
        names: Sequence[SchemeName],
        shared: Shared = lambda *_: False,
    ) -> list[Point]:
        """Return the points of some schemes of a changed study, searched unless they are kept.

        Parameters
        ----------
        sweep, value
            Name the points.
        changed : Studied
        names : sequence of str
            From the most restricted scheme on: each is offered the plans of those before.
        shared : callable
            Which states of the study as it is cost the same in the changed one.
        """
        name = f"{sweep.replace(' ', '-')}-{value:g}-{self._digest(changed, names)}"
        folder = self.folder / "states" / name
        file = folder / "points.json"
        if file.exists():
            kept = from_content(_Group, read_json(file), str(file)).points
            return [replace(point, sweep=sweep, value=value) for point in kept]
        found: list[Point] = []
        known = dict(self.plans)
        for scheme in names:
            self.say(f"{sweep} {value:g}: scheme {scheme}")
            self._lend(folder, changed, scheme, shared)
            # the plan of the study as it is, and that of the scheme before
            offered = {n: known[n] for n in SCHEMES[: SCHEMES.index(scheme) + 1] if n in known}
            plan = plan_scheme(
                changed,
                Scheme(scheme),
                self.effort,
                n_jobs=self.n_jobs,
                folder=folder,
                known=dict(list(offered.items())[-2:]),
            )
            if not isinstance(plan, NoPlan):
                known[scheme] = plan
                found.append(point_of(sweep, value, plan))
        write_text(file, json_text(to_content(_Group(tuple(found)))))
        return found

    def as_it_is(self, sweep: str, value: float, names: Sequence[SchemeName]) -> list[Point]:
        """Return the points of the study as it is under the name of a sweep."""
        return [point_of(sweep, value, self.plans[name]) for name in names if name in self.plans]

    def _digest(self, changed: Studied, names: Sequence[SchemeName]) -> str:
        content: dict[str, Any] = {
            "data": [to_content(study.data) for study in (self.study, changed)],
            "feeder": changed.feeder.digest(),
            "effort": asdict(self.effort),
            "names": list(names),
        }
        return hashlib.sha256(json_text(content).encode()).hexdigest()[:12]

    def _lend(self, folder: Path, changed: Studied, name: str, shared: Shared) -> None:
        """Hand over solved states that cost the same, unless scenarios differ or some are there."""
        lent = [self.folder / "states" / f"{n}.jsonl" for n in SCHEMES if n <= name]
        own = folder / "states" / f"{name}.jsonl"
        n = self.effort.n_scenarios
        one, other = (reduce_scenarios(study.data, n) for study in (self.study, changed))
        is_same = one.numbers == other.numbers and (one.weight == other.weight).all()
        if own.exists() or not is_same:
            return
        lines = [
            line
            for file in lent
            if file.exists()
            for line in file.read_text(encoding="utf-8").splitlines()
            if _is_lent(line, shared)
        ]
        if lines:
            write_text(own, "\n".join(lines) + "\n")


def _is_lent(line: str, shared: Shared) -> bool:
    """Return whether a line of a file of states is of one that is shared."""
    try:
        k_stage, flexibility, digits = json.loads(line)["state"].split("-")
    except json.JSONDecodeError:
        return False
    return shared(int(k_stage), flexibility, "x" not in digits)
