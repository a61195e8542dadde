"""A local model of the real columns: quadratic objective, constraints that are maxima of planes.

A constraint column is often the worst of many limits (the lowest of all voltages, say): a maximum
of smooth functions, with kinks exactly where optima lie. One smooth model stalls there; a maximum
of few affine pieces does not. References: Powell, "UOBYQA: unconstrained optimization by quadratic
approximation", Mathematical Programming 92 (2002) 555-582 (steps within a trust region of a fitted
quadratic). Magnani and Boyd, "Convex piecewise-linear fitting", Optimization and Engineering 10
(2009) 1-17 (regression by turns: assign points to their largest piece, fit each piece).
"""

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from scipy.optimize import minimize, nnls

from heuristics.jit import BoolArray, FloatArray

N_NEAREST = 30
"""Points that a fit looks at, beside twice the number of columns."""


@dataclass(frozen=True, slots=True, eq=False)
class Point:
    """An evaluated point.

    Attributes
    ----------
    x : (n_var,) float array
        The point, snapped.
    y : (n_real,) float array
        Its real columns, scaled to [0, 1].
    u : (1 + n_con,) float array
        Objective, then constraints; finite.
    violation : float
    """

    x: FloatArray
    y: FloatArray
    u: FloatArray
    violation: float


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """Where a model has its optimum within a radius.

    Attributes
    ----------
    y : (n_real,) float array
    price : (n_con,) float array
        Multipliers: what the objective would gain by a unit of each constraint.
    f_scale : float
    g_scale : (n_con,) float array
        Figures that make objective and constraints comparable: slope times radius, slopes.
    """

    y: FloatArray
    price: FloatArray
    f_scale: float
    g_scale: FloatArray

    def merit(self, u: FloatArray, penalty: float) -> float:
        """Return scaled objective plus penalty times the largest scaled violation."""
        return float(u[0] / self.f_scale + penalty * (u[1:] / self.g_scale).max(initial=0.0))


@dataclass(frozen=True, slots=True, eq=False)
class RealModel:
    """Objective and constraints around a center, for given whole numbers.

    Attributes
    ----------
    center : (n_real,) float array
    f : float
    gradient : (n_real,) float array
    hessian : (n_real, n_real) float array
    pieces : per constraint an (n_piece, 1 + n_real) float array
        Value at the center and slopes of each affine piece; the constraint is their maximum.
    """

    center: FloatArray
    f: float
    gradient: FloatArray
    hessian: FloatArray
    pieces: tuple[FloatArray, ...] = field(default_factory=tuple)

    def at(self, y: FloatArray) -> FloatArray:
        """Return predicted objective and constraints, (1 + n_con,)."""
        d = y - self.center
        f = self.f + self.gradient @ d + 0.5 * d @ self.hessian @ d
        return np.array([f, *(float((p[:, 0] + p[:, 1:] @ d).max()) for p in self.pieces)])

    def moved(self, point: Point) -> "RealModel":
        """Return the model around another point of the same whole numbers, exact in objective."""
        d = point.y - self.center
        moved = []
        for p in self.pieces:
            q = p.copy()
            q[:, 0] += p[:, 1:] @ d
            moved.append(q)
        gradient = self.gradient + self.hessian @ d
        return RealModel(point.y, float(point.u[0]), gradient, self.hessian, tuple(moved))

    def carried(self, point: Point) -> "RealModel":
        """Return the model around a point of other whole numbers: its slopes with corrected values.

        Pieces above what was measured there come down to it, and the highest comes up to it.
        """
        model = self.moved(point)
        for p, g in zip(model.pieces, point.u[1:], strict=True):
            p[(p[:, 0] > g) | (p[:, 0] == p[:, 0].max()), 0] = g
        return model

    def with_pieces(self, other: "RealModel", is_wanted: BoolArray | None = None) -> "RealModel":
        """Return the model with the pieces of another one of the same center added."""
        pieces = tuple(
            np.concatenate((p, q)) if is_wanted is None or is_wanted[k] else p
            for k, (p, q) in enumerate(zip(self.pieces, other.pieces, strict=True))
        )
        return replace(self, pieces=pieces)

    def fitted(self, points: list[Point], radius: float) -> "RealModel":
        """Return the model fitted to points of the same whole numbers, changed as little as needed.

        Points count the less the further they are from the center.
        """
        n_real = self.center.size
        d = np.array([p.y - self.center for p in points])
        distance = np.abs(d).max(axis=1)
        order = np.argsort(distance, kind="stable")[: N_NEAREST + 2 * n_real]
        d, distance = d[order], distance[order]
        u = np.array([points[i].u for i in order])
        # The center itself has distance 0: the (n_real + 1)-th other point sets the scale.
        reach = float(distance[min(n_real + 1, len(d) - 1)])
        if reach == 0.0:
            return self
        rows, columns = np.triu_indices(n_real)
        products = d[:, rows] * d[:, columns] * np.where(rows == columns, 0.5, 1.0)
        weight = 1.0 / (1.0 + (distance / reach) ** 2)
        residual = u[:, 0] - np.array([self.at(self.center + row)[0] for row in d])
        stiffness = np.full(n_real + rows.size, 3e-2 * reach**2)
        stiffness[:n_real] = 1e-3 * reach
        change = ridge(np.hstack((d, products)), residual, weight, stiffness)
        upper = np.zeros((n_real, n_real))
        upper[rows, columns] = change[n_real:]
        hessian = self.hessian + upper + upper.T - np.diag(np.diag(upper))
        reach = max(0.5 * radius, reach)
        weight = 1.0 / (1.0 + (distance / reach) ** 2)
        pieces = tuple(
            _fitted_pieces(p, d, u[:, 1 + k], weight, reach) for k, p in enumerate(self.pieces)
        )
        gradient = self.gradient + change[:n_real]
        return RealModel(self.center, self.f, gradient, hessian, pieces)

    def step(self, radius: float, penalty: float, margin: FloatArray) -> Step:
        """Return the optimum of the model within a radius of its center and within [0, 1].

        The largest scaled constraint above -margin is allowed at the given penalty, so that there
        always is an optimum, whether the center is feasible or not.
        """
        n, low = self.center.size, np.maximum(0.0, self.center - radius)
        high = np.minimum(1.0, self.center + radius)
        f_scale = np.abs(self.gradient).max() + np.abs(self.hessian).max() * radius + 1e-300
        g_scale = np.array([max(np.abs(p[:, 1:]).max(), 1e-9) for p in self.pieces])
        owner, slopes, values = [0], [np.zeros(n)], [0.0]  # the excess itself is never negative
        for k, p in enumerate(self.pieces):
            for row in p:
                value = (row[0] + margin[k]) / g_scale[k]
                if value + np.abs(row[1:]).sum() * radius / g_scale[k] > 0.0:
                    owner.append(k)
                    slopes.append(row[1:] / g_scale[k])
                    values.append(value)
        plane, height = np.array(slopes), np.array(values)
        jacobian = np.column_stack((-plane, np.ones(height.size)))

        def objective(z: FloatArray) -> tuple[float, FloatArray]:
            d = z[:n] - self.center
            bend = self.hessian @ d
            value = (self.gradient @ d + 0.5 * d @ bend) / f_scale + penalty * z[n]
            return float(value), np.append((self.gradient + bend) / f_scale, penalty)

        excess: Any = {
            "type": "ineq",
            "fun": lambda z: z[n] - height - plane @ (z[:n] - self.center),
            "jac": lambda _: jacobian,
        }
        found = minimize(
            objective,
            np.append(self.center, height.max()),
            jac=True,
            bounds=[*zip(low, high, strict=True), (0.0, None)],
            constraints=excess,
            method="SLSQP",
            options={"maxiter": 60, "ftol": 1e-9},
        )
        y = np.clip(np.where(np.isfinite(found.x[:n]), found.x[:n], self.center), low, high)
        price = np.zeros(len(self.pieces))
        is_active = height + plane @ (y - self.center) > -1e-3
        is_active[0] = False
        is_free = (y > 1e-9) & (y < 1.0 - 1e-9)
        if is_active.any() and is_free.any():
            gradient = (self.gradient + self.hessian @ (y - self.center)) / f_scale
            share, _ = nnls(plane[is_active][:, is_free].T, -gradient[is_free])
            for k, value in zip(np.array(owner)[is_active], share, strict=True):
                price[k] += value * f_scale / g_scale[k]
        return Step(y, price, float(f_scale), g_scale)


def ridge(
    features: FloatArray, target: FloatArray, weight: FloatArray, stiffness: FloatArray
) -> FloatArray:
    """Return the coefficients of least weighted squares plus squares of stiffness x coefficient.

    Parameters
    ----------
    features : (n, m) float array
    target, weight : (n,) float array
    stiffness : (m,) float array
        Positive.

    Returns
    -------
    (m,) float array
        By a system of n equations, however many coefficients there are.
    """
    a = features * weight[:, np.newaxis]
    soft = a / stiffness**2
    change: FloatArray = soft.T @ np.linalg.solve(soft @ a.T + np.eye(len(a)), target * weight)
    return change


def _fitted_pieces(
    pieces: FloatArray, d: FloatArray, g: FloatArray, weight: FloatArray, reach: float
) -> FloatArray:
    """Return the pieces after max-affine regression; those that are nowhere largest are dropped."""
    features = np.column_stack((np.ones(len(d)), d))
    stiffness = np.full(features.shape[1], 1e-2 * reach)
    stiffness[0] = 1e-3
    fitted = pieces.copy()
    last = None
    for _ in range(10):
        largest = np.argmax(features @ fitted.T, axis=1)
        if last is not None and np.array_equal(largest, last):
            break
        last = largest
        for i in np.unique(largest):
            own = largest == i
            residual = g[own] - features[own] @ pieces[i]
            fitted[i] = pieces[i] + ridge(features[own], residual, weight[own], stiffness)
    if len(d) < 2 * features.shape[1]:
        return fitted  # too few points to tell which piece is of no use
    used: FloatArray = fitted[np.unique(np.argmax(features @ fitted.T, axis=1))]
    return used
