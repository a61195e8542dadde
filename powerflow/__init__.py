"""Grid physics of radial distribution feeders, without optimization.

Names are imported when they are first used, so that importing the package costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from powerflow.door import make_feeder
    from powerflow.errors import FeederError, FeederWarning
    from powerflow.feeder import Feeder
    from powerflow.library import list_feeders, load_feeder, read_feeder
    from powerflow.limits import Limits
    from powerflow.result import PowerFlowResult
    from powerflow.scoring import Score, score
    from powerflow.solve import power_flow
    from powerflow.synthetic import synthetic_feeder

_MODULE_OF = {
    "Feeder": "feeder",
    "FeederError": "errors",
    "FeederWarning": "errors",
    "Limits": "limits",
    "PowerFlowResult": "result",
    "Score": "scoring",
    "list_feeders": "library",
    "load_feeder": "library",
    "make_feeder": "door",
    "power_flow": "solve",
    "read_feeder": "library",
    "score": "scoring",
    "synthetic_feeder": "synthetic",
}

__all__ = [
    "Feeder",
    "FeederError",
    "FeederWarning",
    "Limits",
    "PowerFlowResult",
    "Score",
    "list_feeders",
    "load_feeder",
    "make_feeder",
    "power_flow",
    "read_feeder",
    "score",
    "synthetic_feeder",
]


def __getattr__(name: str) -> object:
    """Import a public name from the module that owns it."""
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_MODULE_OF[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """List the public names."""
    return sorted(__all__)
