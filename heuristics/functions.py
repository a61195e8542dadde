"""Test functions with known optimum, as problems."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from heuristics.jit import FloatArray, kernel
from heuristics.problem import Evaluation, Space


@dataclass(frozen=True, slots=True, eq=False)
class KnownProblem:
    """A problem whose optimum is known.

    Attributes
    ----------
    name : str
    space : Space
    function : callable
        Maps (n, n_var) points to objective (n, 1) and constraints (n, n_con).
    n_con : int
    x_optimum : (n_var,) float array
    f_optimum : float
    """

    name: str
    space: Space
    function: Callable[[FloatArray], tuple[FloatArray, FloatArray]]
    n_con: int
    x_optimum: FloatArray
    f_optimum: float

    @property
    def n_obj(self) -> int:
        """One objective."""
        return 1

    def evaluate(self, x: FloatArray) -> Evaluation:
        """Return objective and constraints of a batch (n, n_var)."""
        f, g = self.function(np.ascontiguousarray(x))
        return Evaluation(f, g)


def sphere(n_var: int = 10) -> KnownProblem:
    """Return the sum of squares on [-5.12, 5.12]^n; optimum 0 at the origin."""
    return _unconstrained("sphere", n_var, 5.12, _sphere, 0.0)


def rosenbrock(n_var: int = 10) -> KnownProblem:
    """Return Rosenbrock's curved valley on [-5, 5]^n; optimum 0 at (1, ..., 1).

    Reference: Rosenbrock, The Computer Journal 3 (1960) 175-184.
    """
    return _unconstrained("rosenbrock", n_var, 5.0, _rosenbrock, 1.0)


def rastrigin(n_var: int = 10) -> KnownProblem:
    """Return Rastrigin's many valleys on [-5.12, 5.12]^n; optimum 0 at the origin.

    Reference: Muehlenbein, Schomisch, Born, Parallel Computing 17 (1991) 619-632.
    """
    return _unconstrained("rastrigin", n_var, 5.12, _rastrigin, 0.0)


def mixed_sphere(n_integer: int = 5, n_real: int = 5) -> KnownProblem:
    """Return the squared distance to (3, ..., 0.25, ...), whole numbers first; optimum 0 there.

    Whole numbers on [-10, 10], reals on [-5, 5].
    """
    n_var = n_integer + n_real
    is_integer = np.arange(n_var) < n_integer
    bound = np.where(is_integer, 10.0, 5.0)
    target = np.where(is_integer, 3.0, 0.25)
    return KnownProblem(
        "mixed_sphere",
        Space(-bound, bound, is_integer),
        _Distance(target),
        0,
        target,
        0.0,
    )


def g06() -> KnownProblem:
    """Return G06: a narrow crescent of feasible points; optimum -6961.81388 at (14.095, 0.84296).

    Reference: Runarsson and Yao, "Stochastic ranking for constrained evolutionary optimization",
    IEEE Transactions on Evolutionary Computation 4 (2000) 284-294. Constraints are divided by
    their constants.
    """
    space = Space(np.array([13.0, 0.0]), np.array([100.0, 100.0]), np.zeros(2, bool))
    return KnownProblem("g06", space, _g06, 2, np.array([14.095, 0.84296]), -6961.81388)


def g08() -> KnownProblem:
    """Return G08: two variables, two constraints; optimum -0.095825 at (1.2279713, 4.2453733).

    Not defined at x1 = 0, where it gives NaN. Reference: Runarsson and Yao (2000), as in `g06`.
    """
    space = Space(np.zeros(2), np.full(2, 10.0), np.zeros(2, bool))
    return KnownProblem("g08", space, _g08, 2, np.array([1.2279713, 4.2453733]), -0.095825)


def _unconstrained(
    name: str,
    n_var: int,
    bound: float,
    function: Callable[[FloatArray], tuple[FloatArray, FloatArray]],
    optimum: float,
) -> KnownProblem:
    box = np.full(n_var, bound)
    space = Space(-box, box, np.zeros(n_var, bool))
    return KnownProblem(name, space, function, 0, np.full(n_var, optimum), 0.0)


@dataclass(frozen=True, slots=True, eq=False)
class _Distance:
    """Squared distance to a point."""

    target: FloatArray

    def __call__(self, x: FloatArray) -> tuple[FloatArray, FloatArray]:
        return _sphere(x - self.target)


@kernel
def _sphere(x: FloatArray) -> tuple[FloatArray, FloatArray]:
    n, n_var = x.shape
    f = np.zeros((n, 1))
    for i in range(n):
        for j in range(n_var):
            f[i, 0] += x[i, j] ** 2
    return f, np.empty((n, 0))


@kernel
def _rosenbrock(x: FloatArray) -> tuple[FloatArray, FloatArray]:
    n, n_var = x.shape
    f = np.zeros((n, 1))
    for i in range(n):
        for j in range(n_var - 1):
            f[i, 0] += 100.0 * (x[i, j + 1] - x[i, j] ** 2) ** 2 + (1.0 - x[i, j]) ** 2
    return f, np.empty((n, 0))


@kernel
def _rastrigin(x: FloatArray) -> tuple[FloatArray, FloatArray]:
    n, n_var = x.shape
    f = np.zeros((n, 1))
    for i in range(n):
        for j in range(n_var):
            f[i, 0] += x[i, j] ** 2 - 10.0 * np.cos(2.0 * np.pi * x[i, j]) + 10.0
    return f, np.empty((n, 0))


@kernel
def _g06(x: FloatArray) -> tuple[FloatArray, FloatArray]:
    n = x.shape[0]
    f, g = np.empty((n, 1)), np.empty((n, 2))
    for i in range(n):
        a, b = x[i, 0], x[i, 1]
        f[i, 0] = (a - 10.0) ** 3 + (b - 20.0) ** 3
        g[i, 0] = 1.0 - ((a - 5.0) ** 2 + (b - 5.0) ** 2) / 100.0
        g[i, 1] = ((a - 6.0) ** 2 + (b - 5.0) ** 2) / 82.81 - 1.0
    return f, g


@kernel
def _g08(x: FloatArray) -> tuple[FloatArray, FloatArray]:
    n = x.shape[0]
    f, g = np.empty((n, 1)), np.empty((n, 2))
    for i in range(n):
        a, b = x[i, 0], x[i, 1]
        f[i, 0] = -(np.sin(2.0 * np.pi * a) ** 3) * np.sin(2.0 * np.pi * b) / (a**3 * (a + b))
        g[i, 0] = a**2 - b + 1.0
        g[i, 1] = 1.0 - a + (b - 4.0) ** 2
    return f, g
