"""Checks of engine settings: one sentence names the setting, what was expected and what came."""

import math
from numbers import Real


def check_number(
    name: str, value: object, low: float = 0.0, high: float = math.inf, *, above: bool = False
) -> None:
    """Raise ValueError unless a setting is a finite number of a range.

    Parameters
    ----------
    name : str
        Of the setting.
    value : object
    low, high : float
        Ends of the range.
    above : bool
        Whether the low end itself is refused.
    """
    if isinstance(value, Real) and not isinstance(value, bool):
        number = float(value)
        if math.isfinite(number) and low <= number <= high and not (above and number == low):
            return
    words = f"above {low:g}" if above else f"of at least {low:g}"
    if math.isfinite(high):
        words += f" and at most {high:g}"
    raise ValueError(f"{name}: expected a number {words}, got {value!r}")


def check_count(name: str, value: object, least: int = 1) -> None:
    """Raise ValueError unless a setting is a whole number of at least `least`."""
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise ValueError(f"{name}: expected a whole number of at least {least}, got {value!r}")
