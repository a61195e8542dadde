"""Optimization without grids: engines, the loop that runs them, and comparisons between them."""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from heuristics.constraints import Deb as Deb
    from heuristics.constraints import Rule as Rule
    from heuristics.engine import Engine as Engine
    from heuristics.engine import list_engines as list_engines
    from heuristics.engine import make_engine as make_engine
    from heuristics.ga import GA as GA
    from heuristics.hgapso import HGAPSO as HGAPSO
    from heuristics.loop import Progress as Progress
    from heuristics.loop import minimize as minimize
    from heuristics.problem import Evaluation as Evaluation
    from heuristics.problem import LocalModelProblem as LocalModelProblem
    from heuristics.problem import Problem as Problem
    from heuristics.problem import Space as Space
    from heuristics.pso import PSO as PSO
    from heuristics.random_search import RandomSearch as RandomSearch
    from heuristics.result import History as History
    from heuristics.result import Result as Result

# Resolved on first use: a command line that only prints its help must not wait for Numba.
_HOME = {
    "Deb": "constraints",
    "Engine": "engine",
    "Evaluation": "problem",
    "GA": "ga",
    "HGAPSO": "hgapso",
    "History": "result",
    "LocalModelProblem": "problem",
    "PSO": "pso",
    "Problem": "problem",
    "Progress": "loop",
    "RandomSearch": "random_search",
    "Result": "result",
    "Rule": "constraints",
    "Space": "problem",
    "list_engines": "engine",
    "make_engine": "engine",
    "minimize": "loop",
}
__all__ = sorted(_HOME)


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'heuristics' has no attribute {name!r}")
    return getattr(importlib.import_module(f"heuristics.{_HOME[name]}"), name)
