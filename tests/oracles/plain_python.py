"""Owns a copy of the packages whose kernels are plain Python: no compiler, no vector instruction.

`vectors` and `tiles` are the slow obvious twins of `powerflow.vector` and `powerflow.tiles`: a
vector is an array of LANES numbers. Kernels run line by line, so that what a test reaches in them
can be seen, and what a change of one line does.
"""

from __future__ import annotations

import contextlib
import importlib
import sys
from collections.abc import Iterator
from types import ModuleType

import numpy as np

LANES, TILE = 4, 3


def _module(name, **content):
    module = ModuleType(name)
    module.__dict__.update(content)
    return module


def _store(rows, index, value):
    rows[index] = value


def _coefficient(table, bus, which):
    return np.full(LANES, table[bus, which]) if table.ndim == 2 else table[bus, which].copy()


def _load_tile(block, table, cases, bus, factor):
    for lane in range(LANES):
        block[bus : bus + TILE, lane] = table[cases[lane], bus : bus + TILE] * factor[lane]


def _store_tile(transform):
    def store_tile(block, table, cases, bus, factor):
        for lane in range(LANES):
            rows = transform(block[bus : bus + TILE, lane])
            table[cases[lane], bus : bus + TILE] = factor[lane] * rows

    return store_tile


def vectors():
    """Return the twin of `powerflow.vector`."""
    return _module(
        "powerflow.vector",
        LANES=LANES,
        load=lambda rows, index: rows[index].copy(),
        store=_store,
        spread=lambda value: np.full(LANES, value),
        add=lambda a, b: a + b,
        mul=lambda a, b: a * b,
        div=lambda a, b: a / b,
        fma=lambda a, b, c: a * b + c,
        fnma=lambda a, b, c: c - a * b,
        vabs=np.abs,
        vsqrt=np.sqrt,
        less=lambda a, b: a < b,
        vmax=lambda a, b: np.where(a > b, a, b),
        vmin=lambda a, b: np.where(a < b, a, b),
        both=lambda a, b: a & b,
        either=lambda a, b: a | b,
        but_not=lambda a, b: a & ~b,
        select=lambda mask, a, b: np.where(mask, a, b),
        holds_any=lambda mask: bool(mask.any()),
        prefetch=lambda table, at: None,
        coefficient=_coefficient,
    )


def tiles():
    """Return the twin of `powerflow.tiles`."""
    return _module(
        "powerflow.tiles",
        TILE=TILE,
        load_tile=_load_tile,
        store_tile_sqrt=_store_tile(np.sqrt),
        store_tile_inverse_sqrt=_store_tile(lambda w: 1.0 / np.sqrt(w)),
    )


def jit(name):
    """Return the twin of a package's module `jit`, whose decorators do nothing."""
    real = importlib.import_module(name)

    def as_it_is(function):
        return function

    return _module(name, **{**vars(real), "kernel": as_it_is, "vector_kernel": as_it_is})


@contextlib.contextmanager
def plain_packages(*names: str) -> Iterator[None]:
    """Import packages anew with plain kernels, for as long as the context lasts.

    The copies know nothing of the compiled packages: a feeder of the one is none of the other's.
    Division by zero gives inf or NaN, as in compiled kernels.
    """
    stand_ins = {f"{name}.jit": jit(f"{name}.jit") for name in names if name != "problems"}
    if "powerflow" in names:
        stand_ins |= {"powerflow.vector": vectors(), "powerflow.tiles": tiles()}
    kept = {name: sys.modules[name] for name in sys.modules if name.split(".")[0] in names}
    for name in kept:
        del sys.modules[name]
    sys.modules.update(stand_ins)
    try:
        with np.errstate(all="ignore"):
            yield
    finally:
        for name in [name for name in sys.modules if name.split(".")[0] in names]:
            del sys.modules[name]
        sys.modules.update(kept)
