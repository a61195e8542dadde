"""Owns the memory of solved states: each is solved once, in parallel, and kept on disk."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from joblib import Parallel, delayed

from problems.staged.clock import timed
from problems.staged.solving import solve_state
from problems.staged.state import StageModel, StateKey, StateResult


@dataclass(slots=True)
class Counts:
    """Hold what the search asked for, in states of a stage; a dispatch is a scenario of one.

    Attributes
    ----------
    asked : int
        States that plans needed.
    cached : int
        Of these, known from before.
    pruned : int
        Of these, not looked at, for the plan's bound was worse than what survives already.
    solved : int
        Of these, solved.
    nodes : int
        Relaxations of open states, each of which gives a cut on the cost of all states in it.
    failed : int
        States whose solver failed; they lose.
    """

    asked: int = 0
    cached: int = 0
    pruned: int = 0
    solved: int = 0
    nodes: int = 0
    failed: int = 0


@dataclass(slots=True, eq=False)
class Memo:
    """Remember states of one model.

    What an interrupted run left in `file` is not solved again, but counts as it did then: a
    continued run asks the same questions in the same order and ends in the same bits.

    Attributes
    ----------
    model : StageModel
    n_jobs : int
        Worker processes.
    file : Path or None
        Where results are kept, one line each.
    say : callable
        Takes one line of progress.
    known : dict of StateKey to StateResult
        What may be asked; schemes share it, for they share states.
    kept, spent : dict
        Result, and processor time of its solving, by the text of a key: what the file holds.
    cpu_s : float
        Processor time of all that was solved for this model, before an interruption too.
    """

    model: StageModel
    n_jobs: int = 1
    file: Path | None = None
    say: Callable[[str], None] = lambda _: None
    known: dict[StateKey, StateResult] = field(default_factory=dict)
    counts: Counts = field(default_factory=Counts)
    kept: dict[str, StateResult] = field(default_factory=dict)
    spent: dict[str, float] = field(default_factory=dict)
    cpu_s: float = 0.0

    def __post_init__(self) -> None:
        if self.file is not None and self.file.exists():
            for line in self.file.read_text(encoding="utf-8").splitlines():
                try:
                    content = json.loads(line)
                except json.JSONDecodeError:
                    continue  # the line that an interruption cut
                self._read(content)

    def solve(self, keys: Iterable[StateKey]) -> None:
        """Make states known; those that are not yet are solved in parallel."""
        new = sorted(set(keys) - set(self.known), key=StateKey.text)
        missing = [key for key in new if key.text() not in self.kept]
        if missing:
            self.say(f"{len(missing)} states of {len(self.known)} known")
        run = Parallel(n_jobs=min(self.n_jobs, max(len(missing), 1)), return_as="generator")
        found = run(delayed(timed)(solve_state, self.model, key) for key in missing)
        for key, (result, cpu_s) in zip(missing, found, strict=True):
            self._keep(key, result, cpu_s)
        for key in new:
            result = self.kept[key.text()]
            self.known[key] = result
            self.cpu_s += self.spent.get(key.text(), 0.0)
            if key.is_leaf:
                self.counts.solved += 1
            else:
                self.counts.nodes += 1
            if not result.is_solved:
                self.counts.failed += 1

    def top(self, key: StateKey) -> StateKey:
        """Return the state with the largest transformer, whose cost is never higher."""
        low = list(key.low)
        low[self.model.steps] = [1] * (self.model.steps.stop - self.model.steps.start)
        return replace(key, low=tuple(low), high=tuple(low))

    def answers(self, key: StateKey) -> StateKey | None:
        """Return the known state that answers for a decided one, or None if none does yet.

        The largest transformer is solved first; where it is loaded no higher than a smaller one
        can bear, that one makes no difference. So the answer does not depend on what was asked
        before.
        """
        top = self.top(key)
        result = self.known.get(top)
        if result is None:
            return None
        rating = float(self.model.rating_mva(np.array(key.low, dtype=np.float64)))
        if not result.is_solved or result.max_mva <= rating:
            return top
        return key if key in self.known else None

    def leaf(self, key: StateKey) -> StateResult | None:
        """Return the result of a decided state, or None if it is not known."""
        answer = self.answers(key)
        return None if answer is None else self.known[answer]

    def solve_leaves(self, keys: Iterable[StateKey]) -> None:
        """Make decided states known, the largest transformer first."""
        wanted = set(keys)
        self.solve(self.top(key) for key in wanted)
        self.solve(key for key in wanted if self.answers(key) is None)

    def _keep(self, key: StateKey, result: StateResult, cpu_s: float) -> None:
        # through its text, so that a continued run reads the very same numbers
        line = json.dumps({"state": key.text(), "cpu_s": cpu_s, **asdict(result)})
        self._read(json.loads(line))
        if self.file is not None:
            self.file.parent.mkdir(parents=True, exist_ok=True)
            with self.file.open("a", encoding="utf-8") as stream:
                stream.write(line + "\n")

    def _read(self, content: dict[str, Any]) -> None:
        word = content.pop("state")
        self.spent[word] = content.pop("cpu_s", 0.0)
        content["share"] = tuple(content["share"])
        content["slope"] = tuple(content["slope"])
        self.kept[word] = StateResult(**content)
