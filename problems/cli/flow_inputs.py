"""Owns what `feederlab flow` is given beside the feeder: added loads, ZIP shares, shunts."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from problems.core.errors import ContentError, SettingError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from powerflow.feeder import Feeder

    Share: TypeAlias = float | NDArray[np.float64]


def add_load(
    feeder: Feeder, word: str, p_kw: NDArray[np.float64], q_kvar: NDArray[np.float64]
) -> None:
    """Add the load of a word BUS:KW or BUS:KW:KVAR to the loads, in place."""
    from problems.siting.equipment import feeder_bus

    # a label may hold colons itself: the powers are the last two words, or the last one
    for n_power in (2, 1):
        label, *powers = word.rsplit(":", n_power)
        if len(powers) == n_power and (label in feeder.bus_id or n_power == 1):
            break
    try:
        kw, kvar = float(powers[0]), float(powers[1]) if powers[1:] else 0.0
    except (IndexError, ValueError):
        raise SettingError(f"--add takes BUS:KW or BUS:KW:KVAR, not '{word}'") from None
    if not (math.isfinite(kw) and math.isfinite(kvar)):
        raise SettingError(f"--add takes finite powers, not '{word}'")
    bus = feeder_bus(feeder, label, "--add")
    p_kw[bus] += kw
    q_kvar[bus] += kvar


def read_shares(feeder: Feeder, words: str | None) -> tuple[Share, Share, Share] | None:
    """Return the shares of every load: three numbers, or three columns from a file."""
    if words is None:
        return None
    if Path(words).suffix in (".csv", ".toml"):
        return _shares_of_buses(feeder, words)
    try:
        z, i, p = (float(word) for word in words.split(","))
    except ValueError:
        raise SettingError(
            f"--zip takes three shares Z,I,P or a .csv or .toml file, not '{words}'"
        ) from None
    return z, i, p


def _shares_of_buses(feeder: Feeder, file: str) -> tuple[Share, Share, Share]:
    import numpy as np

    from problems.siting.equipment import feeder_bus
    from problems.siting.tables import read_zip_shares

    shares = np.zeros((3, feeder.n_bus))
    shares[2] = 1.0
    named: set[int] = set()
    for row in read_zip_shares(Path(file)):
        bus = feeder_bus(feeder, row.bus, file)
        if bus in named:
            raise ContentError(f"{file}: bus {row.bus} appears twice")
        named.add(bus)
        shares[:, bus] = row.z_share, row.i_share, row.p_share
    return shares[0], shares[1], shares[2]


def read_shunts_of(
    feeder: Feeder, file: str | None
) -> tuple[NDArray[np.float64] | None, NDArray[np.float64] | None]:
    """Return the fixed shunts of a file by bus, active and reactive; None without one."""
    if file is None:
        return None, None
    import numpy as np

    from problems.siting.equipment import feeder_bus
    from problems.siting.tables import read_shunts

    shunt_p_kw, shunt_q_kvar = np.zeros(feeder.n_bus), np.zeros(feeder.n_bus)
    for shunt in read_shunts(Path(file)):
        bus = feeder_bus(feeder, shunt.bus, file)
        shunt_p_kw[bus] += shunt.p_kw
        shunt_q_kvar[bus] += shunt.q_kvar
    return shunt_p_kw, shunt_q_kvar
