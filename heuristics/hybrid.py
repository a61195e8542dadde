"""Hybrid: pattern search over whole numbers, a trust region over real ones, scans and kicks.

The engine knows nothing but the space and the evaluations. It assumes what is common in mixed
problems: neighboring values of a whole number are similar more often than not, and under given
whole numbers the objective is smooth in the real columns, the constraints maxima of smooth limits.

1. *Start* from the best of a uniform sample.
2. *Refine* the real columns: finite differences, then steps of a trust region on a quadratic model
   of the objective and max-affine models of the constraints, fitted to all points that share the
   whole numbers (`heuristics.refinement`). The model is carried along when a whole number changes.
   Its multipliers price the constraints.
3. *Descend*: poll each whole number one step up and one down, with steps that double on success and
   halve to 1; points are compared by their Lagrangian, since a neighbor that costs a little and
   relieves a binding limit pays once the real columns follow; a promising one is refined before
   it is judged. Where constraints bind, every nearest neighbor is refined before a point counts as
   a local optimum, for first-order prices mislead when sizes must change a lot.
4. *Scan* from a local optimum: each whole number in turn is tried on a coarse grid over its whole
   range, and the best valleys are refined; the first improvement is descended from. Two scans in
   vain end it.
5. *Kick* the best point so far: the most promising of a few random changes of two whole numbers is
   descended from lightly, and followed up only if it comes near; or, now and then, start afresh.

References: Hooke and Jeeves, "Direct search solution of numerical and statistical problems",
Journal of the ACM 8 (1961) 212-229 (polls). Audet and Dennis, "Pattern search algorithms for mixed
variable programming", SIAM Journal on Optimization 11 (2001) 573-594 (refining promising
neighbors). Lourenco, Martin, Stutzle, "Iterated local search", Handbook of Metaheuristics (2003)
320-353 (kicks). The models: `heuristics.real_model`.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from heuristics.constraints import Deb, Rule
from heuristics.jit import FloatArray
from heuristics.problem import Space
from heuristics.real_model import Point
from heuristics.refinement import Archive, Part, Place
from heuristics.replay import ReplayEngine, Search
from heuristics.selection import check_population


@dataclass(frozen=True, slots=True)
class Hybrid(ReplayEngine):
    """Pattern search, trust region, scans and kicks: see the module.

    Attributes
    ----------
    population : int
        Points of the uniform sample of each start.
    fresh_share : float
        Probability of a fresh start instead of a kick.
    constraints : Rule
        How points are compared.
    """

    population: int = 20
    fresh_share: float = 0.15
    constraints: Rule = field(default_factory=Deb)

    def __post_init__(self) -> None:
        check_population(self.population)
        if not 0.0 <= self.fresh_share <= 1.0:
            raise ValueError(f"fresh_share: expected 0 to 1, got {self.fresh_share}")

    def search(self, space: Space, rng: np.random.Generator, budget: int) -> Search:
        """Search for ever: see `ReplayEngine.search`."""
        hunt = _Hunt(space, rng, self.constraints, budget)
        best: Place | None = None
        while True:
            if best is None or not hunt.archive.whole.size or rng.random() < self.fresh_share:
                points = yield from hunt.archive.evaluate(space.sample(self.population, rng))
                if not points:
                    continue
                start = hunt.archive.best(points)
                place = Place(start, None, np.zeros(start.u.size - 1))
                place = yield from hunt.descend(place, 8)
            else:
                kicked = yield from hunt.kick(best)
                if kicked is None:
                    continue
                place = kicked
            place = yield from hunt.scan_on(place)
            if best is None or hunt.archive.is_better(place.point, best.point):
                best = place


class _Hunt:
    """The parts of the search over whole numbers, and the local optima found so far."""

    def __init__(self, space: Space, rng: np.random.Generator, rule: Rule, budget: int) -> None:
        self.space, self.rng = space, rng
        self.archive = Archive(space, rule, budget)
        self.settled: set[bytes] = set()

    def descend(self, place: Place, stride: int, *, is_light: bool = False) -> Part[Place]:
        """Return the local optimum below a place; a light descent does without the proof of it."""
        archive, whole = self.archive, self.archive.whole
        longest = np.maximum(1, archive.width[whole] // 2)
        strides = np.minimum(float(stride), longest)
        place = yield from archive.refine(place, 10, is_fresh=place.model is None)
        while True:
            start = place.point
            for j in self.rng.permutation(whole.size):
                polled = yield from self._poll(place, int(whole[j]), float(strides[j]))
                strides[j] = max(1.0, strides[j] // 2)
                if polled is not None:
                    place = polled
                    strides[j] = min(4.0 * strides[j], longest[j])
            if place.point is not start:
                place = yield from archive.refine(place, 10)
                continue
            if strides.max(initial=1.0) > 1.0:
                continue
            if is_light or archive.key(place.point) in self.settled:
                return place
            place = yield from archive.refine(place, 12, is_fresh=True)
            if self._is_clearly_better(place.point, start, 1e-4):
                continue
            neighbor = yield from self._refine_neighbors(place)
            if neighbor is None:
                self.settled.add(archive.key(place.point))
                return place
            place = neighbor

    def scan_on(self, place: Place) -> Part[Place]:
        """Return where scans and descents lead from a local optimum."""
        n_in_vain = 0
        while n_in_vain < 2:
            found = yield from self._scan(place)
            if found is None:
                n_in_vain += 1
            else:
                n_in_vain = 0
                place = yield from self.descend(found, 1)
        return place

    def kick(self, best: Place) -> Part[Place | None]:
        """Return a new local optimum better than the best, from a random change of it, if any."""
        rng, whole, low, high = self.rng, self.archive.whole, self.space.lower, self.space.upper
        x = np.tile(best.point.x, (8, 1))
        for row in x:
            for column in rng.choice(whole, min(2, whole.size), replace=False):
                shift = np.rint(rng.normal() * 2.0 ** rng.integers(1, 5))
                anywhere = rng.integers(int(low[column]), int(high[column]) + 1)
                row[column] = anywhere if rng.random() < 0.5 else row[column] + shift
        points = yield from self.archive.evaluate(x)
        if not points:
            return None
        place = Place(min(points, key=best.merit), best.model, best.price)
        place = yield from self.archive.refine(place, 6, is_fresh=True)
        place = yield from self.descend(place, 4, is_light=True)
        if self.archive.key(place.point) in self.settled:
            return None
        if self._is_clearly_better(best.point, place.point, 0.05):
            return None
        place = yield from self.descend(place, 1)
        return place if self.archive.is_better(place.point, best.point) else None

    def _poll(self, place: Place, column: int, stride: float) -> Part[Place | None]:
        """Return a better place one stride up or down a column, if there is one."""
        value = place.point.x[column]
        points = yield from self._varied(place, column, [value - stride, value + stride])
        if not points:
            return None
        tried = min(points, key=place.merit)
        if self.archive.is_better(tried, place.point):
            return self._arrived(place, tried)
        own = place.merit(place.point)
        if place.point.violation > 0.0 or place.merit(tried) >= own - 1e-6 * abs(own):
            return None
        refined = yield from self.archive.refine(Place(tried, place.model, place.price), 6)
        return refined if self.archive.is_better(refined.point, place.point) else None

    def _refine_neighbors(self, place: Place) -> Part[Place | None]:
        """Return a better place next to a place where constraints bind, refining each neighbor."""
        if place.point.violation > 0.0 or not place.price.any():
            return None
        neighbors: list[Point] = []
        for column in self.archive.whole:
            value = place.point.x[column]
            neighbors += yield from self._varied(place, int(column), [value - 1.0, value + 1.0])
        for neighbor in sorted(neighbors, key=place.merit):
            start = Place(neighbor, place.model, place.price)
            refined = yield from self.archive.refine(start, 15, is_fresh=True, goal=place.point)
            if self._is_clearly_better(refined.point, place.point, 1e-5):
                return refined
        return None

    def _scan(self, place: Place) -> Part[Place | None]:
        """Return a better place in a valley along one column, if there is one."""
        for column in self.rng.permutation(self.archive.whole):
            width = self.archive.width[column]
            n = min(int(width) + 1, 10)
            gap = width / n
            grid = np.rint(self.space.lower[column] + (np.arange(n) + self.rng.random()) * gap)
            grid = grid[np.abs(grid - place.point.x[column]) >= max(1.0, gap / 2.0)]
            points = yield from self._varied(place, int(column), list(grid))
            for valley in _valleys(points, place.merit)[:2]:
                found = yield from self._follow(place, valley, int(column), int(gap / 2.0))
                if found is not None:
                    return found
        return None

    def _follow(self, place: Place, start: Point, column: int, stride: int) -> Part[Place | None]:
        """Return a better place from a point of a scan, polling along the scanned column only."""
        archive, stride = self.archive, max(1, stride)
        if archive.is_better(start, place.point):
            return self._arrived(place, start)
        here = Place(start, place.model, place.price)
        here = yield from archive.refine(here, 6, is_fresh=True, goal=place.point)
        while stride >= 1 and not archive.is_better(here.point, place.point):
            value = here.point.x[column]
            points = yield from self._varied(here, column, [value - stride, value + stride])
            tried = min(points, key=here.merit, default=here.point)
            if here.merit(tried) < here.merit(here.point):
                here = Place(tried, here.model, here.price)
                if not archive.is_better(tried, place.point):
                    here = yield from archive.refine(here, 6)
            stride //= 2
        return here if archive.is_better(here.point, place.point) else None

    def _varied(self, place: Place, column: int, values: list[float]) -> Part[list[Point]]:
        """Evaluate a place with other values in one whole column, those out of bounds clipped."""
        clipped = np.clip(values, self.space.lower[column], self.space.upper[column])
        values = [v for v in np.unique(clipped) if v != place.point.x[column]]
        if not values:
            return []
        x = np.tile(place.point.x, (len(values), 1))
        x[:, column] = values
        points = yield from self.archive.evaluate(x)
        return points

    def _arrived(self, place: Place, point: Point) -> Place:
        model = None if place.model is None else place.model.carried(point)
        return Place(point, model, place.price)

    def _is_clearly_better(self, point: Point, than: Point, share: float) -> bool:
        """Return whether a point is better, by a share of the objective if both are feasible."""
        if not self.archive.is_better(point, than):
            return False
        if point.violation > 0.0 or than.violation > 0.0:
            return True
        return bool(point.u[0] < than.u[0] - share * abs(than.u[0]))


def _valleys(points: list[Point], merit: Callable[[Point], float]) -> list[Point]:
    """Return the points no worse than both neighbors in the list, best first."""
    worth: FloatArray = np.array([np.inf, *(merit(p) for p in points), np.inf])
    is_low = (worth[1:-1] <= worth[:-2]) & (worth[1:-1] <= worth[2:])
    low = np.flatnonzero(is_low)
    return [points[i] for i in low[np.argsort(worth[1:-1][low], kind="stable")]]
