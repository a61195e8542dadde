"""Owns the instruction bound of a sweep, in processor cycles per bus and iteration.

A DistFlow sweep goes up the tree with P and Q and down with the squared voltage v, whose inverse w
it keeps. At one bus, with a vector of cases in each register, no sweep can do with less than::

    up      P + load, Q + load                       2
            (P^2 + Q^2) w                            3
            drop 2 r P + 2 x Q + |z|^2 ell, stored   4
            P + r ell, Q + x ell                     2
    down    v - drop                                 1
            w loaded, 1 - v w, w + w (1 - v w)       3
            w stored                                 1
            largest |1 - v w|                        2

18 vector instructions, with every multiplication fused to an addition and every operand that is
used once read straight from memory. r, x and their products are broadcast from memory on the way.
A current core completes two vector arithmetic instructions of its full width a cycle. (Cores that
split a 512-bit instruction have four 256-bit units: the same two.) So the bound is 18 / (2 n), n
doubles to a register: 1.1 cycles with AVX-512, 2.3 with AVX2. Loads and their conversion, side
branches, the last sweep for losses and the square roots of |V| come on top; what is measured here
counts them all, divided by the sweeps that a case needs.
"""

from __future__ import annotations

from benchmarks.machine import vector_doubles

VECTOR_INSTRUCTIONS = 18
PER_CYCLE = 2


def bound_cycles(n_double: int | None = None) -> float:
    """Return the least cycles per bus and iteration; for this processor's vectors by default.

    Examples
    --------
    >>> bound_cycles(8)
    1.125
    """
    return VECTOR_INSTRUCTIONS / (PER_CYCLE * (n_double or vector_doubles()))


def measured_cycles(
    cpu_seconds: float, hz: float, n_case: int, n_branch: int, iterations: float
) -> float:
    """Return the cycles per bus and iteration that a batch took.

    Parameters
    ----------
    cpu_seconds : float
        Of the whole batch.
    hz : float
        Cycles per second.
    n_case, n_branch : int
        Power flows, and buses but the source.
    iterations : float
        Sweeps of the mean power flow.
    """
    return cpu_seconds * hz / (n_case * n_branch * iterations)
