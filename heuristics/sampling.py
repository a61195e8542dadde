"""Chance: the generator that a seed stands for, and uniform points of a box."""

from typing import TypeAlias

import numpy as np

from heuristics.jit import BoolArray, FloatArray, kernel

Seed: TypeAlias = int | np.random.SeedSequence


def make_generator(seed: Seed) -> np.random.Generator:
    """Return the generator of a seed: PCG64, the same stream on every platform.

    Parameters
    ----------
    seed : int or numpy.random.SeedSequence
        Required: a run without a seed cannot be repeated.

    Returns
    -------
    numpy.random.Generator

    Raises
    ------
    TypeError
        The seed is missing or of another type.
    ValueError
        The seed is negative.
    """
    if isinstance(seed, np.random.SeedSequence):
        return np.random.Generator(np.random.PCG64(seed))
    if isinstance(seed, bool) or not isinstance(seed, int | np.integer):
        raise TypeError(f"seed: expected a non-negative int or a numpy SeedSequence, got {seed!r}")
    if seed < 0:
        raise ValueError(f"seed: expected a non-negative int, got {seed}")
    return np.random.Generator(np.random.PCG64(int(seed)))


def seed_label(seed: Seed) -> str:
    """Return text that identifies a seed: equal labels give equal streams."""
    if isinstance(seed, np.random.SeedSequence):
        return f"SeedSequence({seed.entropy}, spawn_key={seed.spawn_key}, pool={seed.pool_size})"
    return str(int(seed))


@kernel
def uniform_points(
    draws: FloatArray, lower: FloatArray, upper: FloatArray, is_integer: BoolArray
) -> FloatArray:
    """Map uniform draws of [0, 1) to uniform points of a box.

    Parameters
    ----------
    draws : (n, n_var) float array
    lower, upper : (n_var,) float array
        Bounds, both possible; whole numbers in integer columns.
    is_integer : (n_var,) bool array
        Columns whose values are whole numbers, each equally likely.

    Returns
    -------
    (n, n_var) float array
    """
    n, n_var = draws.shape
    x = np.empty((n, n_var))
    for i in range(n):
        for j in range(n_var):
            span = upper[j] - lower[j]
            if is_integer[j]:
                # Rounding a real of [lower, upper] would give both ends half their share.
                x[i, j] = min(lower[j] + np.floor(draws[i, j] * (span + 1.0)), upper[j])
            else:
                x[i, j] = min(lower[j] + draws[i, j] * span, upper[j])
    return x
