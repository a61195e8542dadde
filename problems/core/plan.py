"""Owns the plan: assets and all that is needed to judge them alone, and its JSON file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from problems.core.content import from_content, json_text, read_json, to_content, write_text
from problems.core.equipment import Asset
from problems.core.errors import ContentError
from problems.core.instance import Conditions, Instance

FORMAT = 1


@dataclass(frozen=True, slots=True)
class Plan:
    """Hold the assets to be built and the conditions they were planned for.

    Parameters
    ----------
    feeder : str
        What `load_feeder` takes: a library name or a path.
    feeder_digest : str
        Digest of the feeder's content, so that a plan is never judged on another feeder unnoticed.
    assets : tuple of Asset
        What is built.
    conditions : Conditions
        Limits, load states, years, prices, money rule, mode and sweeps.
    format : int
        Version of the file's layout.
    """

    feeder: str
    feeder_digest: str
    assets: tuple[Asset, ...]
    conditions: Conditions
    format: int = FORMAT

    def __post_init__(self) -> None:
        if self.format != FORMAT:
            raise ContentError(f"format must be {FORMAT}, not {self.format}")

    @classmethod
    def of(cls, instance: Instance, assets: tuple[Asset, ...]) -> Plan:
        """Return the plan that builds `assets` on the feeder of `instance`."""
        return cls(instance.reference, instance.feeder.digest(), assets, instance.conditions)

    def to_content(self) -> dict[str, Any]:
        """Return the plan as JSON content."""
        content: dict[str, Any] = to_content(self)
        return content

    @classmethod
    def from_content(cls, content: Any, where: str = "plan") -> Plan:
        """Return the plan in JSON content, or raise ContentError naming the key that is wrong."""
        return from_content(cls, content, where)

    def save(self, path: Path) -> None:
        """Write the plan as JSON, atomically."""
        write_text(path, json_text(self.to_content()))

    @classmethod
    def load(cls, path: Path) -> Plan:
        """Read a plan, or raise ContentError naming the file and what is wrong in it."""
        content = read_json(path)
        if isinstance(content, Mapping) and "format" not in content:
            command = _other_command(content)
            if command is not None:
                raise ContentError(
                    f"{path}: a plan of {command}; this command takes plans of site, compare, "
                    "certify and pareto"
                )
        return cls.from_content(content, str(path))


def _other_command(content: Mapping[str, Any]) -> str | None:
    """Return the command that writes plans of such content, if it is one of another kind."""
    if "method" in content:
        return "coplan"
    # one plan of stages per scheme
    is_staged = any(isinstance(plan, Mapping) and "stages" in plan for plan in content.values())
    return "stage" if is_staged else None
