"""Owns the siting problems that proofs and engines are held to, and the words for a floor."""

from __future__ import annotations

from powerflow import load_feeder
from powerflow.limits import Limits
from problems.core.instance import Conditions, Instance
from problems.siting.certified import certify_problem
from problems.siting.equipment import BANKS_OF_FEEDER, DEFAULT_BANKS, SitingEquipment
from problems.siting.problem import SitingProblem

FEEDERS = ("ieee33", "ieee69", "ieee85", "ieee118", "brazil136")
FLOORS = {"floor-off": 0.0, "floor-on": 0.95}
PAPER_STATIONS = {
    "ieee33": ("2", "19"),
    "ieee69": ("2", "28"),
    "ieee85": ("2", "16"),
    "ieee118": ("2", "63"),
    "brazil136": ("2", "100"),
}
"""The stations' buses that the HGAPSO paper calls optimal (its Table IV)."""


def make_problem(feeder: str, floor: str, stations: tuple[str, ...] = ()) -> SitingProblem:
    """Return the siting problem that `feederlab compare` has by default.

    Parameters
    ----------
    feeder : str
        Library name.
    floor : str
        Key of `FLOORS`.
    stations : tuple of str
        Buses of the stations; free without.
    """
    conditions = Conditions(limits=Limits(FLOORS[floor], 1.05))
    banks = BANKS_OF_FEEDER.get(feeder, DEFAULT_BANKS)
    equipment = SitingEquipment(capacitors=banks, station_buses=stations)
    return SitingProblem(Instance(load_feeder(feeder), conditions, feeder), equipment)


def compile_proofs() -> None:
    """Prove something easy, so that no measured proof pays for the compiler."""
    for floor in FLOORS:
        certify_problem(make_problem("ieee33", floor), gap=0.01, limit_s=600.0)
