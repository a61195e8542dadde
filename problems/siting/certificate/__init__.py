"""Certified bounds for siting: how far the best plan found can be from the best there is.

Names are imported when they are first used, so that importing the package costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from problems.siting.certificate.case import SitePlan, SitingCase
    from problems.siting.certificate.certify import certify
    from problems.siting.certificate.result import Certificate

_MODULE_OF = {
    "Certificate": "result",
    "SitePlan": "case",
    "SitingCase": "case",
    "certify": "certify",
}

__all__ = ["Certificate", "SitePlan", "SitingCase", "certify"]


def __getattr__(name: str) -> object:
    """Import a public name from the module that owns it."""
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_MODULE_OF[name]}"), name)
    globals()[name] = value
    return value
