"""Conformance suites: what every engine and every problem must do, for third parties to run."""

from heuristics.testing.engines import check_engine
from heuristics.testing.problems import check_problem

__all__ = ["check_engine", "check_problem"]
