"""Owns what is raised for wrong feeder content, and what is warned of for doubtful content."""

from __future__ import annotations


class FeederError(ValueError):
    """Say in one line what is wrong with a feeder: the file, row and bus, and what was expected."""


class FeederWarning(UserWarning):
    """Say in one line what looks wrong with a feeder that can be read."""
