"""Owns the proof as a whole: rounds on boxes, branching where they stall, the stopping rule.

Derivation: docs/certificate.md, section 5.
"""

from __future__ import annotations

import heapq
import itertools
import time
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from problems.siting.certificate.ac import Trial, judge, money_usd
from problems.siting.certificate.branching import split
from problems.siting.certificate.case import Model, SitePlan
from problems.siting.certificate.grid import Grid, make_grid
from problems.siting.certificate.intervals import propagate
from problems.siting.certificate.polish import polish, prices_at
from problems.siting.certificate.program import Program, make_program
from problems.siting.certificate.ranges import Ranges, make_ranges
from problems.siting.certificate.references import next_reference, safe_remainder
from problems.siting.certificate.remainder import Reference
from problems.siting.certificate.result import LogRow
from problems.siting.certificate.rounds import run_round
from problems.siting.certificate.stepped import round_sizes
from problems.siting.certificate.swaps import ranked_swaps

Floats = NDArray[np.float64]


_CELLS = (3, 7, 21, 42, 105, 210, 525, 1050, 2100, 4200, 10500, 21000)
_FIRST_LEVEL = 2
_LISTED_CELLS = 1050
_MAX_WORK = 3e8
_MAX_STATE = 5_000_000
_CLIMB_EVERY = 20
_CLIMB_FIRST = 5


@dataclass(slots=True, eq=False)
class Box:
    """Hold a part of the search space that is still open, and what helps to close it."""

    ranges: Ranges
    bound_usd: float
    level: int
    reference: Reference
    plan: SitePlan | None = None


def _rank(trial: Trial) -> tuple[float, float]:
    """Order trials: feasible before infeasible, then cheaper before dearer."""
    return (trial.excess, trial.cost_usd)


@dataclass(slots=True)
class Search:
    """Run the proof for one model; `lower_usd` and `best` can be read at any time."""

    model: Model
    gap: float
    deadline: float
    start: float
    program: Program = field(init=False)
    cells: tuple[int, ...] = field(init=False)
    best: Trial | None = None
    trials: dict[tuple[tuple[int, ...], tuple[int, ...]], Trial] = field(default_factory=dict)
    boxes: list[tuple[float, int, Box]] = field(default_factory=list)
    closed_usd: float = np.inf
    n_box: int = 0
    n_climb: int = 0
    is_best_useful: bool = True
    log: list[LogRow] = field(default_factory=list)
    _number: itertools.count[int] = field(default_factory=itertools.count)

    def __post_init__(self) -> None:
        model = self.model
        self.program = make_program(model.parent)
        self.cells = _CELLS
        if model.q_span == 0.0:
            self.cells = (1,)
        elif model.cells.size and model.n_cell <= _LISTED_CELLS:
            self.cells = (model.n_cell,)  # any coarser grid would allow sizes that do not exist
        elif model.n_cell:
            self.cells = (*(c for c in _CELLS if c < model.n_cell), model.n_cell)

    # the figures of the proof

    @property
    def cost_usd(self) -> float:
        """Cost of the best plan; infinite without one."""
        return self.best.cost_usd if self.best is not None else np.inf

    def lower_usd(self, current: float = np.inf) -> float:
        """Return the cost below which no plan lies."""
        opened = self.boxes[0][0] if self.boxes else np.inf
        return min(self.cost_usd, self.closed_usd, opened, current)

    def _target(self) -> float:
        """Return the bound at which a box needs no more work."""
        if self.best is None:
            return np.inf
        room = self.gap * abs(self.model.usd_offset - self.cost_usd)
        return self.cost_usd - max(0.0, room - 1.01 * self.doubt_usd(self.cost_usd))

    def doubt_usd(self, cost_usd: float) -> float:
        """Return what floating point may have cost (docs/certificate.md, section 6)."""
        return 1e-9 * abs(cost_usd) + 1e-7 * abs(self.model.usd_offset - cost_usd)

    def is_late(self) -> bool:
        """Whether the time is over."""
        return time.perf_counter() > self.deadline

    # plans

    def consider(self, plan: SitePlan) -> Trial:
        """Judge a plan with its best continuous sizes, and keep it (or its steps) if it is best.

        Returns the plan with continuous sizes, the better reference; known buses are not redone.
        """
        model = self.model
        key = (plan.station_buses, plan.bank_buses)
        known = self.trials.get(key)
        if known is None:
            known = self.trials[key] = polish(model, judge(model, plan))
            rounded = round_sizes(model, known) if model.n_cell else known
            if rounded is not None:
                self.keep(rounded)
        return known

    def improve(self, trial: Trial, n_try: int = 3) -> None:
        """Climb from a plan over single swaps: to feasibility first, then to lower cost."""
        model = self.model
        for _ in range(2 * model.n_bank + 4):
            if self.is_late():
                return
            price = prices_at(model, trial)[0] if trial.is_feasible else None
            swaps = ranked_swaps(model, trial, price, n_try)
            better = min(map(self.consider, swaps), key=_rank, default=trial)
            if _rank(better) >= _rank(trial):
                return
            trial = better

    def keep(self, trial: Trial) -> None:
        """Remember a trial if it is feasible and the best so far."""
        if trial.is_feasible and trial.cost_usd < self.cost_usd:
            self.best = trial
            self.is_best_useful = True

    # the proof

    def run(self, first: Reference) -> None:
        """Work on the box with the lowest bound until the gap is proven or the time is over."""
        level = min(_FIRST_LEVEL, len(self.cells) - 1)
        self._push(Box(make_ranges(self.model), -np.inf, level, first))
        while self.boxes and not self.is_late():
            if self.lower_usd() >= self._target():
                return
            _, _, box = heapq.heappop(self.boxes)
            if not self._work_on(box):
                continue
            if self.is_late():
                self._push(box)
                return
            parts = split(
                self.model, box.ranges, box.plan, self.best.plan if self.best is not None else None
            )
            if parts is None:
                self._settle(box)
                continue
            for ranges in parts:
                level = max(min(_FIRST_LEVEL, box.level), box.level - 1)
                self._push(Box(ranges, box.bound_usd, level, box.reference, box.plan))

    def _push(self, box: Box) -> None:
        self.n_box += 1
        heapq.heappush(self.boxes, (box.bound_usd, next(self._number), box))

    def _close(self, bound_usd: float) -> bool:
        self.closed_usd = min(self.closed_usd, bound_usd)
        return False

    def _settle(self, box: Box) -> None:
        """Close a box that cannot be split: one plan is left, or sizes too close to tell apart."""
        model = self.model
        if model.n_cell == 0 and box.ranges.u_high[1:].max(initial=0.0) > 0.0:
            self._close(box.bound_usd)
            return
        nothing = np.zeros(model.n_bus)
        zero = Reference(nothing, nothing, nothing, nothing)
        last = make_grid(model, self.program, box.ranges, self.cells[-1])
        s_low, s_high, e_low, e_high = box.ranges.envelope(model.q_min)
        intervals = propagate(model, s_low, s_high, e_low, e_high, np.inf)
        outcome = run_round(last, safe_remainder(model, zero), intervals, np.inf)
        if outcome.plan is not None:
            trial = judge(model, outcome.plan)
            self.keep(trial)
            self._close(trial.cost_usd if trial.is_feasible else np.inf)

    def _work_on(self, box: Box) -> bool:
        """Run rounds on a box until it is closed (False) or they stall (True)."""
        model = self.model
        own_usd = -np.inf
        last = box.bound_usd
        is_best_turn = False
        n_idle = 0
        while not self.is_late():
            cutoff = self.cost_usd
            s_low, s_high, e_low, e_high = box.ranges.envelope(model.q_min)
            if not (s_low <= s_high).all():
                return self._close(cutoff)
            loss_max = (cutoff - money_usd(model, 0, s_low[0])) / model.usd_loss
            intervals = propagate(model, s_low, s_high, e_low, e_high, loss_max)
            if not intervals.is_feasible:
                return self._close(cutoff)
            grid = make_grid(model, self.program, box.ranges, self.cells[box.level])
            if box.level > 0 and (grid.work() > _MAX_WORK or grid.n_state > _MAX_STATE):
                box.level -= 1
                if box.plan is None:
                    continue
                return True
            is_best_turn = is_best_turn and self.is_best_useful and self.best is not None
            reference = self._best_reference() if is_best_turn else box.reference
            outcome = run_round(grid, safe_remainder(model, reference), intervals, cutoff)
            box.bound_usd = max(box.bound_usd, min(outcome.cost_usd, cutoff))
            box.ranges = outcome.ranges
            self._note(box, self.cells[box.level], outcome.cost_usd)
            if outcome.plan is None or box.bound_usd >= self._target():
                return self._close(box.bound_usd)
            trial = self._take(outcome.plan, grid)
            if box.bound_usd >= self._target():
                return self._close(box.bound_usd)
            if is_best_turn:
                self.is_best_useful = outcome.cost_usd > own_usd or trial.is_feasible
            else:
                own_usd = outcome.cost_usd
            if trial.is_feasible or not is_best_turn or self.is_best_useful:
                box.plan = outcome.plan
                new = next_reference(model, reference, outcome, trial, self.cost_usd)
                box.reference = new if n_idle == 0 else reference.mix(new, 0.5)
            is_best_turn = not is_best_turn
            room = self.cost_usd - box.bound_usd
            n_idle = 0 if box.bound_usd - last > 0.2 * room else n_idle + 1
            last = box.bound_usd
            if n_idle < 2:
                continue
            n_idle = 0
            if box.level < len(self.cells) - 1 and grid.slack_usd(outcome.plan) > 0.02 * room:
                box.level += 1
                continue
            return True
        return True

    def _take(self, plan: SitePlan, grid: Grid) -> Trial:
        """Consider a round's plan; now and then climb from it while none is feasible."""
        is_new = (plan.station_buses, plan.bank_buses) not in self.trials
        trial = self.consider(plan)
        if (
            is_new
            and self.best is None
            and len(self.log) >= _CLIMB_EVERY * self.n_climb + _CLIMB_FIRST
        ):
            self.n_climb += 1
            self.improve(trial)
        if self.model.n_cell and grid.is_exact:
            self.keep(judge(self.model, plan))
        return trial

    def _best_reference(self) -> Reference:
        """Return the flow and prices of the best plan (of its continuous sizes)."""
        assert self.best is not None
        key = (self.best.plan.station_buses, self.best.plan.bank_buses)
        best = self.trials.get(key, self.best)
        return Reference(best.alpha, best.beta, *prices_at(self.model, best))

    def _note(self, box: Box, n_cell: int, round_usd: float) -> None:
        offset = self.model.usd_offset
        self.log.append(
            LogRow(
                seconds=time.perf_counter() - self.start,
                box=self.n_box,
                n_cell=n_cell,
                round_usd=float(offset - round_usd),
                bound_usd=float(offset - self.lower_usd(box.bound_usd)),
                npv_usd=None if self.best is None else float(offset - self.cost_usd),
            )
        )
