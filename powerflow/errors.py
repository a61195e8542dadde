"""Owns the one exception that wrong feeder content raises."""

from __future__ import annotations


class FeederError(ValueError):
    """Say in one line what is wrong with a feeder: the file, row and bus, and what was expected."""
