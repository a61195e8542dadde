"""One run as a row: its result or its failure, and its JSON."""

import json
import math
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from heuristics.experiment.plan import Experiment, RunKey, run_seed
from heuristics.jit import FloatArray
from heuristics.result import Result
from heuristics.sampling import seed_label

Steps = tuple[tuple[int, float | None, float | None], ...]


@dataclass(frozen=True, slots=True)
class RunRow:
    """One run of an experiment. What does not exist is None, so that equal runs compare equal.

    Attributes
    ----------
    problem, engine, run
        The `RunKey`.
    settings : str
        The engine with its settings.
    budget : int
        Evaluations allowed.
    seed : str
        What the generator was made from.
    message : str
        Why the run ended, or how it failed.
    is_failed : bool
        An exception ended the run, or its process died: there is no result.
    n_evaluations : int
        Evaluations spent, 0 if failed.
    x, g : tuple of float
        Best point and its constraints; empty if failed.
    f, violation : float or None
        Its objective and violation; None if failed or if it could not be evaluated.
    is_feasible : bool
    history : tuple of (int, float or None, float or None)
        Improvements: evaluations spent, objective, violation.
    seconds : float or None
        Wall time, no part of the comparison of rows: all else is reproducible.
    """

    problem: str
    engine: str
    run: int
    settings: str
    budget: int
    seed: str
    message: str = ""
    is_failed: bool = False
    n_evaluations: int = 0
    x: tuple[float, ...] = ()
    f: float | None = None
    g: tuple[float | None, ...] = ()
    violation: float | None = None
    is_feasible: bool = False
    history: Steps = ()
    seconds: float | None = field(default=None, compare=False)

    @property
    def key(self) -> RunKey:
        """Which run it is."""
        return RunKey(self.problem, self.engine, self.run)

    def finished(self, result: Result) -> "RunRow":
        """Return the row with the result of its run."""
        history = result.history
        columns = (history.evaluation.tolist(), _listed(history.f), _listed(history.violation))
        return replace(
            self,
            message=result.message,
            n_evaluations=result.n_evaluations,
            x=tuple(result.x.tolist()),
            f=_finite(result.f),
            g=tuple(_listed(result.g)),
            violation=_finite(result.violation),
            is_feasible=result.is_feasible,
            history=tuple(zip(*columns, strict=True)),
        )

    def failed(self, message: str) -> "RunRow":
        """Return the row of a run that has no result."""
        return replace(self, message=message, is_failed=True)

    def to_json(self) -> str:
        """Return the row without its time; numbers are written so that they read back exactly."""
        content = asdict(self)
        del content["seconds"]
        lines = (f"{json.dumps(k)}: {json.dumps(v, allow_nan=False)}" for k, v in content.items())
        return "{\n" + ",\n".join(lines) + "\n}\n"


def planned_row(plan: Experiment, key: RunKey) -> RunRow:
    """Return the row of a run that has not begun."""
    seed = seed_label(run_seed(plan.seed, key.problem, key.run))
    return RunRow(*key, settings=repr(plan.engines[key.engine]), budget=plan.budget, seed=seed)


def row_from_json(text: str) -> RunRow:
    """Return the row that `RunRow.to_json` wrote.

    Raises
    ------
    ValueError
        The text is not such a row.
    """
    try:
        content: dict[str, Any] = json.loads(text)
        for name in ("x", "g"):
            content[name] = tuple(content[name])
        content["history"] = tuple(tuple(step) for step in content["history"])
        return RunRow(**content)
    except (TypeError, KeyError) as error:
        raise ValueError(f"expected the JSON of a run, got {error}") from None


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _listed(values: FloatArray) -> list[float | None]:
    return [_finite(value) for value in values.tolist()]
