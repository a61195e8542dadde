"""Refinement of the real columns under given whole numbers, by a trust region on a local model."""

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import TypeAlias, TypeVar

import numpy as np

from heuristics.constraints import Rule, best_first
from heuristics.jit import FloatArray
from heuristics.problem import Evaluation, Space
from heuristics.real_model import Point, RealModel

T = TypeVar("T")
Part: TypeAlias = Generator[FloatArray, Evaluation, T]
"""A part of a search, which returns what it found."""

N_RECENT = 50


@dataclass(frozen=True, slots=True, eq=False)
class Place:
    """A point, the model around it, and the prices of the constraints there (0: not binding)."""

    point: Point
    model: RealModel | None
    price: FloatArray

    def merit(self, point: Point) -> float:
        """Return what another point is worth from here, to first order of re-sized real columns.

        Violation while infeasible, else the Lagrangian: a whole number that costs a little and
        relieves a binding constraint pays once the real columns have made use of the relief.
        """
        if self.point.violation > 0.0:
            return point.violation
        return float(point.u[0] + self.price @ point.u[1:])


class Archive:
    """All points of a run by their whole numbers, how to evaluate more, and which are better."""

    def __init__(self, space: Space, rule: Rule, budget: int) -> None:
        is_free = space.upper > space.lower
        self.space = space
        self.whole = np.flatnonzero(space.is_integer & is_free)
        self.real = np.flatnonzero(~space.is_integer & is_free)
        self.width = np.where(is_free, space.upper - space.lower, 1.0)
        self._rule, self._budget, self._n_told = rule, budget, 0
        self._by_whole: dict[bytes, list[Point]] = {}
        self._recent: list[tuple[float, float]] = []

    def evaluate(self, x: FloatArray) -> Part[list[Point]]:
        """Ask for points (n, n_var) and return those that could be evaluated."""
        x = self.space.snap(x)
        e = yield x
        self._n_told += len(x)
        scaled = (x[:, self.real] - self.space.lower[self.real]) / self.width[self.real]
        points = [
            Point(x[i], scaled[i], np.append(e.f[i, 0], e.g[i]), float(e.violation[i]))
            for i in np.flatnonzero(np.isfinite(e.violation))
        ]
        for point in points:
            self._by_whole.setdefault(self.key(point), []).append(point)
        recent = [(float(p.u[0]), p.violation) for p in points]
        self._recent = [*self._recent, *recent][-N_RECENT:]
        return points

    def resized(self, point: Point, y: FloatArray) -> FloatArray:
        """Return the point with other real columns, scaled (n, n_real), as rows (n, n_var)."""
        x = np.tile(point.x, (len(y), 1))
        x[:, self.real] = self.space.lower[self.real] + y * self.width[self.real]
        return x

    def key(self, point: Point) -> bytes:
        """Return what points of the same whole numbers share."""
        return point.x[self.whole].tobytes()

    def alike(self, point: Point) -> list[Point]:
        """Return the points evaluated so far with the same whole numbers."""
        return self._by_whole[self.key(point)]

    def best(self, points: Sequence[Point]) -> Point:
        """Return the best point by the rule, the first among equals.

        The rule sees the recent points of the run as well: some rules adapt to what there is.
        """
        table = np.array([*((p.u[0], p.violation) for p in points), *self._recent])
        keys = self._rule.keys(table[:, 0], table[:, 1], min(1.0, self._n_told / self._budget))
        n = len(points)
        return points[int(best_first((keys[0][:n], keys[1][:n]))[0])]

    def is_better(self, point: Point, than: Point) -> bool:
        """Return whether a point is strictly better by the rule."""
        return self.best((than, point)) is point and point is not than

    def refine(
        self, place: Place, limit: int, *, is_fresh: bool = False, goal: Point | None = None
    ) -> Part[Place]:
        """Improve the real columns by at most `limit` steps.

        Parameters
        ----------
        place : Place
            Its model may come from other whole numbers.
        limit : int
            From 12 on, the model is measured anew before it is believed that nothing improves.
        is_fresh : bool
            Measure slopes at the point first, one evaluation a real column.
        goal : Point, optional
            Give up when the model predicts clearly worse than this feasible point.
        """
        point, model, price = place.point, place.model, place.price
        if self.real.size == 0:
            return place
        pool, n_con = self.alike(point), point.u.size - 1
        old = None if model is None else model.carried(point)
        if old is None or is_fresh:
            model = yield from self._measured(point, None if old is None else old.hessian, 0.05)
            model = model if old is None else model.with_pieces(old)
        else:
            model = old
        radius, penalty, margin = 0.2, 10.0, np.full(n_con, 1e-9)
        model = model.fitted(pool, radius)
        center, n_measured, is_verified = point, 0, False
        for iteration in range(limit):
            model = model.moved(center)
            step = model.step(radius, penalty, margin)
            price = step.price
            penalty = max(penalty, 3.0 * (price * step.g_scale / step.f_scale).max(initial=0.0))
            length = float(np.abs(step.y - center.y).max())
            expected = model.at(step.y)
            if goal is not None and goal.violation == 0.0 and iteration > 2:
                worth = expected[0] + price @ np.maximum(expected[1:], 0.0)
                if worth > goal.u[0] + 0.03 * abs(goal.u[0]):
                    break
            is_feasible = center.violation == 0.0
            gain = center.u[0] - expected[0]
            if (
                (length < 1e-3 and (is_feasible or length < 1e-6))
                or (is_feasible and gain < 2e-5 * abs(center.u[0]))
                or radius <= 3e-3
            ):
                n_near = sum(np.abs(p.y - center.y).max() < 0.1 for p in pool)
                if is_verified or limit < 12 or n_near > center.y.size:
                    break
                is_verified = True
                measured = yield from self._measured(center, model.hessian, 0.03)
                radius, margin = max(radius, 0.05), np.full(n_con, 1e-9)
                model = model.with_pieces(measured).fitted(pool, radius)
                continue
            tried = yield from self.evaluate(self.resized(center, step.y[np.newaxis]))
            if not tried:
                radius /= 4.0
                continue
            expected = model.at(tried[0].y)
            error = (tried[0].u - expected)[1:]
            # Constraints are kept as far from their limits as the model was wrong just now.
            margin = np.minimum(np.abs(error), 0.1 * step.g_scale * radius)
            margin = np.maximum(margin, 2e-5 * step.g_scale)
            here = step.merit(center.u, penalty)
            predicted = here - step.merit(expected, penalty)
            actual = here - step.merit(tried[0].u, penalty)
            if actual > 0.0:
                center = tried[0]
                if actual > 0.7 * predicted:
                    radius = min(1.6 * radius, 0.6)
                elif actual < 0.2 * predicted:
                    radius /= 2.0
            surprise = error / step.g_scale
            if actual <= 0.2 * predicted:
                if surprise.max(initial=0.0) > 0.15 * length and n_measured < 3:
                    # A constraint rose that no piece foresaw: another limit binds there.
                    n_measured += 1
                    measured = yield from self._measured(tried[0], model.hessian, 0.05)
                    wanted = np.abs(surprise) > 0.02 * max(length, 0.01)
                    model = model.moved(tried[0]).with_pieces(measured, wanted)
                    margin = np.full(n_con, 1e-9)
                elif actual <= 0.0:
                    radius = max(0.4 * min(radius, length), 1e-3)
            model = model.moved(center).fitted(pool, radius)
        best = self.best(pool)
        return Place(best, model.moved(best), price)

    def _measured(self, point: Point, hessian: FloatArray | None, width: float) -> Part[RealModel]:
        """Return the model of finite differences at a point: one piece a constraint."""
        n = point.y.size
        hessian = np.zeros((n, n)) if hessian is None else hessian
        # From zero a larger step: a small size may be snapped back to none.
        size = np.where(point.y <= 1e-9, 0.12, width) * np.where(point.y > 0.5, -1.0, 1.0)
        points = yield from self.evaluate(self.resized(point, point.y + np.diag(size)))
        slopes = np.zeros((n, point.u.size))
        if points:
            d = np.array([p.y - point.y for p in points])
            u = np.array([p.u - point.u for p in points])
            u[:, 0] -= 0.5 * np.einsum("ij,ni,nj->n", hessian, d, d)
            slopes = np.linalg.lstsq(d, u, rcond=None)[0]
        pieces = tuple(
            np.append(point.u[k], slopes[:, k])[np.newaxis] for k in range(1, point.u.size)
        )
        return RealModel(point.y, float(point.u[0]), slopes[:, 0], hessian, pieces)
