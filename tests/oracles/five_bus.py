"""A staged study small enough to enumerate: five buses, two segments, one transformer step."""

from dataclasses import replace

from powerflow.door import make_feeder
from problems.staged.checks import Site
from problems.staged.door import shipped_data
from problems.staged.grid_data import BranchData
from problems.staged.studied import Studied, studied


def five_bus_study() -> Studied:
    """Return five buses, two segments, one step of the transformer: small enough to enumerate."""
    feeder = make_feeder(
        name="five", base_kv=10.0, source="S", bus_id=["S", "1", "2", "3", "4"],
        p_kw=[0.0, 300.0, 200.0, 300.0, 200.0], q_kvar=[0.0, 100.0, 60.0, 100.0, 60.0],
        from_bus=["S", "1", "2", "1"], to_bus=["1", "2", "3", "4"],
        r_ohm=[2.0, 2.6, 2.6, 2.0], x_ohm=[1.6, 2.0, 2.0, 1.6],
    )  # fmt: skip
    data = shipped_data("ieee33")
    stages = tuple(
        replace(stage, peak_kw=peak, pv_kw=pv, ev_count=n)
        for stage, peak, pv, n in zip(
            data.stages, (1100, 1500, 1900), (200, 500, 1200), (100, 250, 500), strict=True
        )
    )
    return studied(
        feeder,
        replace(
            data,
            network=replace(data.network, capacitor_kvar=300.0),
            transformer_mva=(2.0, 3.15),
            branches=(
                BranchData("S", "1", 150.0, 1.0, "a"),
                BranchData("1", "2", 100.0, 1.5, "a"),
                BranchData("2", "3", 100.0, 1.0, "b"),
                BranchData("1", "4", 100.0, 1.0),
            ),
            stages=stages,
            pv=(Site("3", 1.0),),
            ev=replace(data.ev, stations=(Site("3", 0.7), Site("4", 0.3))),
            storage=replace(data.storage, sites=("3",)),
            seasons=tuple(
                replace(season, weather_shares=(1.0,))
                for season in data.seasons
                if season.name in ("summer", "winter")
            ),
            weathers=data.weathers[1:2],
            day_types=(replace(data.day_types[0], share=1.0),),
            search=replace(data.search, n_scenarios=1, n_scenarios_quick=1),
        ),
    )
