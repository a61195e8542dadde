"""Owns the local model of a siting problem: what candidates near a plan are worth, by derivatives.

Losses, squared voltages and squared currents are taken to second order around the plan's AC power
flow, exactly (`problems.siting.tangent`); `problems.siting.local_build` makes the model.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from heuristics.problem import Evaluation
from problems.siting import local_kernels, local_sizes
from problems.siting.local_task import SitingTask

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

MARGIN = 5e-8
"""How far inside a limit sizes are aimed, per unit of the limit: a few tolerances of the flow."""
N_RUNG, FIRST_RUNG, RUNG = 7, 1e-3, 4.0
"""Prices on kvar that are tried to keep a budget: how many, the first per slope, their ratio."""
N_PAIRED = 40
"""Single changes, the most promising, that are also tried two at a time."""


@dataclass(frozen=True, slots=True, eq=False)
class SitingModel:
    """The objective and the limits of a siting problem to second order around one plan.

    Implements `heuristics.problem.LocalModel`. Arrays as `problems.siting.local_kernels` says.
    """

    task: SitingTask
    constant: float
    slope: Floats
    bend: Floats
    flow: Floats
    seen: Floats
    of_rest: Floats
    v_sending: Floats
    flow_0: Floats
    seen_0: Floats
    limit: Floats
    kind: Ints
    n_con: int

    def predict(self, x: Floats) -> Evaluation:
        """Return predicted objective and constraints of rows (n, n_var)."""
        task = self.task
        f, g = local_kernels.predict(
            np.ascontiguousarray(x), task.n_station, task.n_bank, self.constant, self.slope,
            self.bend, task.usd_per_bank, task.land_bank, self.flow, self.seen, self.of_rest,
            self.v_sending, self.flow_0, self.seen_0, self.limit, self.kind, self.n_con,
        )  # fmt: skip
        return Evaluation(f, np.column_stack([g, task.misplaced(x)]))

    def refine(self, x: Floats) -> Floats:
        """Return the rows with their banks resized to the model's optimum within the limits."""
        if not self._has_sizes:
            return x.copy()
        refined = self.task.space.snap(self._refined(x)[0])
        return refined if self.task.budget is None else self._affordable(x, refined)

    @property
    def _has_sizes(self) -> bool:
        return self.task.n_bank > 0 and self.task.kvar_min < self.task.kvar_max

    def _affordable(self, x: Floats, refined: Floats) -> Floats:
        """Return refined rows, those above the budget resized to it where that is possible.

        A rising price on kvar brings the investment down. It is linear in the sizes, so that
        between the last sizes above the budget and the first within it some meet it exactly.
        """
        task = self.task
        assert task.budget is not None
        above, spent = refined.copy(), task.invested(refined)
        left = np.flatnonzero(spent > task.budget)
        price = FIRST_RUNG * float(np.abs(self.slope).max())
        for _ in range(N_RUNG):
            if not len(left):
                break
            found = task.space.snap(self._refined(x[left], price)[0])
            now = task.invested(found)
            is_within = now <= task.budget
            for row, sizes, cost in zip(
                left[is_within], found[is_within], now[is_within], strict=True
            ):
                share = (spent[row] - task.budget) / max(spent[row] - cost, 1e-12)
                share = 1.0 if len(task.bank_sizes) else min(share, 1.0)
                refined[row] = above[row] + share * (sizes - above[row])
            above[left], spent[left] = found, now
            left = left[~is_within]
            price *= RUNG
        return task.space.snap(refined)

    def _refined(self, x: Floats, price: float = 0.0) -> tuple[Floats, Floats]:
        """Return rows refined, with a price on each Mvar of banks beside what they cost."""
        task, slope = self.task, self.slope
        if price > 0.0:
            slope = slope.copy()
            slope[len(task.candidates) :] += price
        return local_sizes.refine(
            np.ascontiguousarray(x), task.n_station, task.n_bank, slope, self.bend,
            self.flow, self.seen, self.of_rest, self.v_sending, self.flow_0, self.seen_0,
            self.limit, self.kind, MARGIN, 1e-3 * task.kvar_min, 1e-3 * task.kvar_max,
        )  # fmt: skip

    def neighbors(self, x: Floats, n: int) -> Floats:
        """Return the `n` rows that promise most of those that differ from x (n_var,) in one asset.

        A station or bank stands at another free bus; a bank is not built; one more is, of the size
        that the model holds best there; a bank in steps is one step larger or smaller. They are
        ranked by what they can be worth with limits priced as they are at x.
        """
        rows = self._changed(x)
        if len(rows) == 0:
            return rows
        task = self.task
        push = self._refined(x[np.newaxis])[1] if self._has_sizes else np.zeros(self.seen_0.shape)

        def promise(rows: Floats) -> Floats:
            worth: Floats = local_sizes.promise(
                rows, x, task.n_station, task.n_bank, self.slope, self.bend, task.usd_per_bank,
                task.land_bank, self.flow, self.seen, self.of_rest, self.v_sending, self.flow_0,
                push, 1e-3 * task.kvar_min, 1e-3 * task.kvar_max,
            )  # fmt: skip
            return worth

        def ranked(rows: Floats) -> Floats:
            # places are known exactly: what misses their limits least comes first
            miss = task.misplaced(rows).max(axis=1, initial=0.0)
            best_first: Floats = rows[np.lexsort((promise(rows), miss))]
            return best_first

        singles = ranked(rows)
        pairs = ranked(task.space.snap(_pairs(x, singles[:N_PAIRED])))
        half = max(n - len(pairs), (n + 1) // 2)
        return np.concatenate([singles[:half], pairs[: n - half]])

    def _changed(self, x: Floats) -> Floats:
        """Return all rows that differ from x (n_var,) in one asset."""
        task = self.task
        n_free, n_bank, every = task.n_station, task.n_bank, np.arange(len(task.candidates))
        sizes = x[n_free + n_bank :]
        is_built = sizes > 0.0
        taken = x[n_free : n_free + n_bank][is_built]
        rows = []
        for column in range(n_free):
            rows.append(_with(x, column, np.setdiff1d(every, x[:n_free])))
        free = np.setdiff1d(every, taken)
        for bank in range(n_bank):
            column, size = n_free + bank, n_free + n_bank + bank
            if is_built[bank]:
                rows.append(_with(x, column, free))
                if task.is_at_most:
                    rows.append(_with(x, size, np.zeros(1)))
                if len(task.bank_sizes):
                    at = int(np.argmin(np.abs(task.bank_sizes - sizes[bank])))
                    rows.append(_with(x, size, task.bank_sizes[max(at - 1, 0) : at]))
                    rows.append(_with(x, size, task.bank_sizes[at + 1 : at + 2]))
        unbuilt = np.flatnonzero(~is_built)
        if len(unbuilt):
            column = n_free + int(unbuilt[0])
            added = _with(x, column, free)
            added[:, column + n_bank] = self._best_new_sizes(x, free)
            rows.append(added)
        if not rows:
            return np.empty((0, len(x)))
        return task.space.snap(np.concatenate(rows))

    def _best_new_sizes(self, x: Floats, free: Ints) -> Floats:
        """Return the size in kvar of one more bank, alone, at each free candidate."""
        task = self.task
        column, amount = local_kernels.devices(x, task.n_station, task.n_bank, len(task.candidates))
        new = len(task.candidates) + free
        slope = self.slope[new].copy()
        for c, a in zip(column, amount, strict=True):
            slope += a * self.bend[new, c]
        best = -1e3 * slope / self.bend[new, new]
        best = np.nan_to_num(best, posinf=0.0, neginf=0.0)
        sizes: Floats = np.clip(best, task.kvar_min, task.kvar_max)
        return sizes


def _pairs(x: Floats, singles: Floats) -> Floats:
    """Return the rows that make two of the single changes of x at once, where columns differ."""
    is_changed = singles != x
    first, second = np.triu_indices(len(singles), 1)
    is_apart = ~(is_changed[first] & is_changed[second]).any(axis=1)
    first, second = first[is_apart], second[is_apart]
    pairs: Floats = np.where(is_changed[first], singles[first], singles[second])
    return pairs


def _with(x: Floats, column: int, values: NDArray[np.generic]) -> Floats:
    """Return copies of x with the values in one column."""
    rows = np.tile(x, (len(values), 1))
    rows[:, column] = values
    return rows
