"""Owns the Feeder, frozen columns in sweep order, and the sign convention of its powers.

Loads are positive when they consume; a capacitor is a negative reactive load; storage with a
positive active power charges. Powers are three-phase totals, voltages line to line.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from powerflow.checks import FloatArray, check_label, nearest, quote
from powerflow.errors import FeederError

IntArray = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Feeder:
    """Hold a radial feeder in sweep order: bus 0 is the source, `parent[k] < k`.

    The order is a preorder in which the child with the largest subtree follows its parent
    immediately. Branch k is the one that enters bus k from `parent[k]`; entry 0 of a branch column
    belongs to no branch. Build one with `make_feeder` or `load_feeder`, which check every value;
    the arrays are read-only.

    Attributes
    ----------
    name : str
        Name of the feeder.
    base_kv : float
        Base voltage, line to line.
    v_source_pu : float
        Voltage of the source.
    bus_id : (n_bus,) tuple of str
        The user's labels.
    parent : (n_bus,) int array
        Bus that feeds each bus, -1 for the source.
    r_ohm, x_ohm : (n_bus,) float array
        Series impedance of the branch into each bus, per phase; entry 0 is 0.
    ampacity_a : (n_bus,) float array
        Greatest permissible current of the branch into each bus; NaN where unknown, and at 0.
    p_kw, q_kvar : (n_bus,) float array
        Base load of each bus, positive when consuming.
    length_m : (n_bus,) float array
        Length of the branch into each bus; NaN where unknown, and at 0.
    kind : (n_bus,) tuple of str
        Kind of the branch into each bus ("line", "cable", "breaker", ...); "" where unknown.
    customers : (n_bus,) float array
        Number of customers at each bus; NaN where unknown.
    x, y : (n_bus,) float array
        Drawing coordinates, in any unit; NaN where unknown.
    title, citation : str
        What the feeder is, and the source to cite.
    notes : tuple of str
        What a user of the data should know.

    Raises
    ------
    ValueError
        If a column has not one entry per bus or the buses are not in sweep order.
    """

    name: str
    base_kv: float
    v_source_pu: float
    bus_id: tuple[str, ...]
    parent: IntArray
    r_ohm: FloatArray
    x_ohm: FloatArray
    ampacity_a: FloatArray
    p_kw: FloatArray
    q_kvar: FloatArray
    length_m: FloatArray
    kind: tuple[str, ...]
    customers: FloatArray
    x: FloatArray
    y: FloatArray
    title: str = ""
    citation: str = ""
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        n_bus = len(self.bus_id)
        for field in fields(self):
            column = getattr(self, field.name)
            if isinstance(column, np.ndarray):
                dtype = np.int64 if field.name == "parent" else np.float64
                column = np.array(column, dtype=dtype)
                column.flags.writeable = False
                object.__setattr__(self, field.name, column)
                if column.shape != (n_bus,):
                    raise ValueError(f"{field.name}: expected shape ({n_bus},), not {column.shape}")
        if len(self.kind) != n_bus:
            raise ValueError(f"kind: expected {n_bus} entries, not {len(self.kind)}")
        is_ordered = self.parent[0] == -1 and (self.parent[1:] >= 0).all()
        if not (is_ordered and (self.parent < np.arange(n_bus)).all()):
            raise ValueError("parent: expected -1 for bus 0 and 0 <= parent[k] < k for every other")

    def __reduce__(self) -> tuple[type[Feeder], tuple[object, ...]]:
        # through the constructor, so that a copy in another process is read-only as well
        return Feeder, tuple(getattr(self, field.name) for field in fields(self))

    @property
    def n_bus(self) -> int:
        """Number of buses, the source included."""
        return len(self.bus_id)

    @property
    def n_branch(self) -> int:
        """Number of branches: one less than buses."""
        return len(self.bus_id) - 1

    @property
    def has_ampacity(self) -> bool:
        """Whether the ampacity of any branch is known."""
        return bool(np.isfinite(self.ampacity_a).any())

    def bus_index(self, label: str | int) -> int:
        """Return the index of the bus with this label.

        Raises
        ------
        FeederError
            If the feeder has no such bus; the message suggests the nearest label.
        """
        wanted = check_label(f"feeder {self.name}", label)
        try:
            return self.bus_id.index(wanted)
        except ValueError:
            raise FeederError(
                f"feeder {self.name} has no bus {quote(wanted)}{nearest(wanted, self.bus_id)}"
            ) from None

    def digest(self) -> str:
        """Return the SHA-256 of labels and electrical content, in hexadecimal.

        Two feeders agree when buses, connections, impedances, ampacities, base loads, base voltage
        and source are the same to the last bit. The order of rows in files, the direction of
        branches, names, notes, lengths and drawing coordinates do not matter.
        """
        upstream = ["", *(self.bus_id[bus] for bus in self.parent[1:])]
        columns = (self.r_ohm, self.x_ohm, self.ampacity_a, self.p_kw, self.q_kvar)
        # adding 0.0 makes -0.0 and 0.0 the same
        numbers = zip(*((column + 0.0).tolist() for column in columns), strict=True)
        rows = sorted(
            [bus, above, *map(repr, row)]
            for bus, above, row in zip(self.bus_id, upstream, numbers, strict=True)
        )
        content = [self.bus_id[0], repr(self.base_kv), repr(self.v_source_pu), rows]
        return hashlib.sha256(json.dumps(content).encode()).hexdigest()
