"""Settings of engines are refused by name when no search can follow from them."""

import math

import pytest

from heuristics.adapters.deap import DeapGA
from heuristics.de import DE
from heuristics.pso import Flight
from heuristics.settings import check_count, check_number
from heuristics.variation import Variation


@pytest.mark.parametrize("value", [-0.1, 1.1, math.nan, math.inf, "much", None, True])
@pytest.mark.parametrize(
    ("kind", "name"),
    [
        (Variation, "crossover_probability"),
        (Variation, "mutation_probability"),
        (DE, "crossover"),
        (DeapGA, "crossover_probability"),
    ],
)
def test_shares_are_between_0_and_1(kind, name, value):
    with pytest.raises(ValueError, match=f"^{name}: expected a number of at least 0 and at most 1"):
        kind(**{name: value})
    assert getattr(kind(**{name: 0.5}), name) == 0.5


@pytest.mark.parametrize("value", [-1.0, math.nan, math.inf, "much", None])
@pytest.mark.parametrize(
    ("kind", "name"),
    [
        (Variation, "crossover_index"),
        (Variation, "mutation_index"),
        (DeapGA, "crossover_index"),
        (DeapGA, "mutation_index"),
        (Flight, "inertia_start"),
        (Flight, "inertia_end"),
        (Flight, "cognitive"),
        (Flight, "social"),
        (Flight, "velocity_limit"),
        (DE, "weight"),
    ],
)
def test_other_numbers_are_finite_and_not_negative(kind, name, value):
    with pytest.raises(ValueError, match=f"^{name}: expected a number "):
        kind(**{name: value})


@pytest.mark.parametrize("kind", [Variation, DeapGA])
@pytest.mark.parametrize("value", [0, 1.5, True, "2"])
def test_a_tournament_has_contestants(kind, value):
    with pytest.raises(ValueError, match=r"^tournament_size: expected a whole number"):
        kind(tournament_size=value)


def test_the_ends_of_a_range_belong_to_it_unless_said():
    check_number("share", 0.0, 0.0, 1.0)
    check_number("share", 1, 0.0, 1.0)
    check_count("size", 3, 3)
    with pytest.raises(ValueError, match=r"^width: expected a number above 0, got 0"):
        check_number("width", 0.0, above=True)
    with pytest.raises(ValueError, match=r"^size: expected a whole number of at least 3, got 2"):
        check_count("size", 2, 3)


@pytest.mark.parametrize("value", [1, 0, 2.5, True])
def test_pymoo_gets_a_population_that_can_be_one(value):
    pytest.importorskip("pymoo")
    from heuristics.adapters.pymoo_engine import PymooEngine

    with pytest.raises(ValueError, match="population: expected a whole number of at least 2"):
        PymooEngine("GA", population=value)
    assert PymooEngine("GA").population is None
