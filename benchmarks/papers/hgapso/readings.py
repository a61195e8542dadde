"""Owns the three readings in which a printed figure is computed: the paper's and two of ours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from benchmarks.papers.hgapso.printed import PrintedBank
from powerflow import Feeder, load_feeder
from powerflow.limits import Limits
from problems.core.assess import Assessment, assess
from problems.core.equipment import Asset, Mode
from problems.core.instance import Conditions, Instance
from problems.core.money import MoneyRule
from problems.core.plan import Plan

STATION_KW = 1500.0
EDITED = {"ieee118": "ieee118_hgapso"}
"""Feeders whose data the paper evidently altered, and the altered ones."""


@dataclass(frozen=True, slots=True)
class Reading:
    """Hold how a figure is computed.

    Parameters
    ----------
    name : str
        As shown beside the figure.
    sweeps : int or None
        Sweeps of the current sweep, None for a converged power flow.
    money_rule : {"annuity", "final-year"}
        How yearly profits are discounted.
    is_edited : bool
        Whether the altered feeder is used where there is one.
    """

    name: str
    sweeps: int | None
    money_rule: MoneyRule
    is_edited: bool

    def feeder(self, name: str) -> Feeder:
        """Return the feeder that this reading uses."""
        return _feeder(EDITED.get(name, name) if self.is_edited else name)

    def instance(
        self, name: str, mode: Mode = "g2v", share: float | None = None, v_min_pu: float = 0.0
    ) -> Instance:
        """Return the instance that plans are judged on."""
        conditions = Conditions(
            limits=Limits(v_min_pu=v_min_pu),
            money_rule=self.money_rule,
            mode=mode,
            v2g_share=share,
            sweeps=self.sweeps,
        )
        return Instance(self.feeder(name), conditions)

    def judge(
        self,
        name: str,
        stations: Sequence[str],
        banks: Sequence[PrintedBank] = (),
        share: float | None = None,
    ) -> Assessment:
        """Return the assessment of a printed plan; with a share, of its vehicle-to-grid case."""
        instance = self.instance(name, "g2v" if share is None else "v2g", share)
        assets = [Asset("station", bus, kw=STATION_KW) for bus in stations]
        assets += [Asset("capacitor", bank.bus, kvar=bank.kvar) for bank in banks]
        return assess(Plan.of(instance, tuple(assets)), instance)


PAPER = Reading("paper: two sweeps, final-year", 2, "final-year", is_edited=True)
UNEDITED = Reading("two sweeps, published data", 2, "final-year", is_edited=False)
CONVERGED = Reading("converged, final-year", None, "final-year", is_edited=False)
EQUATION_5 = Reading("converged, equation (5)", None, "annuity", is_edited=False)
OURS = (CONVERGED, EQUATION_5)


@cache
def _feeder(name: str) -> Feeder:
    return load_feeder(name)
